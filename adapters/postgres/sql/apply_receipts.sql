-- Applies receipts, one array per column: operator_id, smsc_message_id_key, status, final. No two of one call may have
-- the same operator and key.
--
-- The row of a receipt is the newest one without a final status, else the newest: an SMSC may use an id again. The state
-- only moves forward: a final status stays. Before it the order is ACCEPTED, where every row begins, ENROUTE, and UNKNOWN,
-- which is a word of the SMSC that nobody knows.
--
-- A row is judged as the statement's snapshot shows it, and changed only if it still is as judged when its lock has been
-- obtained. Of two replicas with receipts for one segment the second so changes nothing; the row is then missing in its
-- answer, which `found` gives away, and the receipt has to be applied again. Locks are taken in the order of the keys, so
-- that two replicas can't wait for each other in a circle.
WITH found AS MATERIALIZED (
    SELECT
        r.position, r.status AS new_status, r.final AS ends, c.*,
        c.final_at IS NULL
            AND (r.final OR r.status NOT IN ('ACCEPTED', c.status) AND c.status <> 'UNKNOWN') AS changes
    FROM (
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[])
            WITH ORDINALITY AS u (operator_id, smsc_message_id_key, status, final, position)
        ORDER BY u.smsc_message_id_key, u.operator_id
    ) r
    -- LATERAL ... LIMIT 1 and not a join: whatever the planner believes of the table, it can only go through the index,
    -- once per receipt.
    CROSS JOIN LATERAL (
        SELECT c.ctid AS row_id, c.*
        FROM smpp.message_correlations c
        WHERE c.smsc_message_id_key = r.smsc_message_id_key AND c.smsc_message_id_key <> ''
            AND c.operator_id = r.operator_id
        ORDER BY c.final_at IS NOT NULL, c.submitted_at DESC
        LIMIT 1
    ) c
),
-- By ctid, which spares a second search in an index (a quarter of the whole). A row that was changed since the snapshot is
-- not there any more, or, at older servers, is followed to where it went and judged by the two conditions at the end.
applied AS (
    UPDATE smpp.message_correlations c
    SET status = f.new_status, final_at = CASE WHEN f.ends THEN now() END
    FROM found f
    WHERE f.changes AND c.ctid = f.row_id AND c.final_at IS NULL AND c.status = f.status
    RETURNING
        f.position, true AS changed, f.status AS previous_status,
        c.message_id, c.operator_id, c.segment, c.segments, c.smsc_message_id, c.status, c.final_at, c.settled_at,
        c.request_dlr, c.submitted_at, c.metadata, c.traceparent, c.possibly_repeated, c.transliterated
),
answer AS (
    SELECT * FROM applied
    UNION ALL
    SELECT
        f.position, false, f.status,
        f.message_id, f.operator_id, f.segment, f.segments, f.smsc_message_id, f.status, f.final_at, f.settled_at,
        f.request_dlr, f.submitted_at, f.metadata, f.traceparent, f.possibly_repeated, f.transliterated
    FROM found f
    WHERE NOT f.changes
),
-- For lock_messages and conclude_messages, which follow in the same transaction.
touched AS (
    SELECT
        (SELECT count(*) FROM found) AS found,
        set_config('smpp.touched', coalesce(json_agg(json_build_object(
            'message_id', a.message_id, 'operator_id', a.operator_id, 'segment', a.segment,
            'ends', a.changed AND a.final_at IS NOT NULL
        ) ORDER BY a.position), '[]')::text, true)
    FROM answer a
    WHERE a.segments > 1
)
SELECT
    t.found, a.position, a.changed, a.previous_status,
    a.message_id, a.operator_id, a.segment, a.segments, a.smsc_message_id, a.status, a.final_at IS NOT NULL,
    a.settled_at IS NOT NULL, a.request_dlr, date_part('epoch', a.submitted_at), a.metadata::text, a.traceparent,
    a.possibly_repeated, a.transliterated
FROM touched t LEFT JOIN answer a ON true;
