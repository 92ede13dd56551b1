-- The segments of these messages that need no other submit_sm: accepted by the operator, or concluded.
SELECT c.message_id, c.segment, c.segments, c.layout
FROM unnest($2::text[]) WITH ORDINALITY AS m (message_id, position)
CROSS JOIN LATERAL (
    SELECT * FROM smpp.message_correlations c
    WHERE c.message_id = m.message_id AND c.operator_id = $1
    LIMIT 255
) c
ORDER BY m.position, c.segment;
