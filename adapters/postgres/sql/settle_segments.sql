-- The events of these segments' final statuses have been confirmed by NATS.
WITH due AS MATERIALIZED (
    SELECT c.row_id
    FROM (
        SELECT * FROM unnest($1::text[], $2::text[], $3::smallint[]) AS u (message_id, operator_id, segment)
        ORDER BY u.message_id, u.operator_id, u.segment
    ) s
    CROSS JOIN LATERAL (
        SELECT c.ctid AS row_id FROM smpp.message_correlations c
        WHERE c.message_id = s.message_id AND c.operator_id = s.operator_id AND c.segment = s.segment
            AND c.final_at IS NOT NULL AND c.settled_at IS NULL
        LIMIT 1
    ) c
)
UPDATE smpp.message_correlations c SET settled_at = now()
FROM due d
WHERE c.ctid = d.row_id AND c.settled_at IS NULL;
