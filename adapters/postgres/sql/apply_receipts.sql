-- Applies receipts, one array per column; no two of one call may have the same operator and key.
--
-- The row of a receipt is the newest one without a final status, else the newest: an SMSC may use an id again. It is
-- locked before it is judged, in the order of the key, so that of two replicas with receipts for the same segment the
-- second sees what the first has done, and neither waits for the other in a circle.
--
-- The state only moves forward: a final status stays, and ACCEPTED, where every row begins, is never gone back to.
WITH found AS MATERIALIZED (
    SELECT
        r.position, r.status AS new_status, r.final AS ends, c.*,
        c.final_at IS NULL AND (r.final OR r.status NOT IN ('ACCEPTED', c.status)) AS changes
    FROM (
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[])
            WITH ORDINALITY AS u (operator_id, smsc_message_id_key, status, final, position)
        ORDER BY u.smsc_message_id_key, u.operator_id
    ) r
    -- LATERAL ... LIMIT 1 and not a join: whatever the planner believes about the table, it can only go through the
    -- index once per receipt.
    CROSS JOIN LATERAL (
        SELECT * FROM smpp.message_correlations m
        WHERE m.smsc_message_id_key = r.smsc_message_id_key AND m.smsc_message_id_key <> ''
            AND m.operator_id = r.operator_id
        ORDER BY m.final_at IS NOT NULL, m.submitted_at DESC
        LIMIT 1
        FOR NO KEY UPDATE
    ) c
),
applied AS (
    UPDATE smpp.message_correlations m
    SET status = f.new_status, final_at = CASE WHEN f.ends THEN now() END
    FROM found f
    WHERE f.changes AND m.message_id = f.message_id AND m.operator_id = f.operator_id AND m.segment = f.segment
),
touched AS (
    SELECT set_config('smpp.touched', coalesce(json_agg(json_build_object(
        'message_id', f.message_id, 'operator_id', f.operator_id, 'segment', f.segment, 'ends', f.changes AND f.ends
    ) ORDER BY f.position), '[]')::text, true)
    FROM found f WHERE f.segments > 1
)
SELECT
    f.position, f.changes, f.status,
    f.message_id, f.operator_id, f.segment, f.segments, f.smsc_message_id,
    CASE WHEN f.changes THEN f.new_status ELSE f.status END,
    (f.changes AND f.ends) OR f.final_at IS NOT NULL, f.settled_at IS NOT NULL, f.request_dlr,
    date_part('epoch', f.submitted_at), f.metadata::text, f.traceparent
FROM touched LEFT JOIN found f ON true;
