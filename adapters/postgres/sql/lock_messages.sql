SELECT count(pg_advisory_xact_lock(1936552048, stripe))
FROM (
    SELECT DISTINCT hashtext(t.message_id) & 255 AS stripe
    FROM json_to_recordset(current_setting('smpp.touched')::json) AS t (message_id text, ends boolean)
    WHERE t.ends
    ORDER BY stripe
) s;
