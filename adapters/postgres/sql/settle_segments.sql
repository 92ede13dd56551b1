UPDATE smpp.message_correlations c SET settled_at = now()
FROM (
    SELECT m.message_id, m.operator_id, m.segment
    FROM unnest($1::text[], $2::text[], $3::smallint[]) AS s (message_id, operator_id, segment)
    CROSS JOIN LATERAL (
        SELECT m.message_id, m.operator_id, m.segment FROM smpp.message_correlations m
        WHERE m.message_id = s.message_id AND m.operator_id = s.operator_id AND m.segment = s.segment
            AND m.final_at IS NOT NULL AND m.settled_at IS NULL
        LIMIT 1
    ) m
) s
WHERE c.message_id = s.message_id AND c.operator_id = s.operator_id AND c.segment = s.segment;
