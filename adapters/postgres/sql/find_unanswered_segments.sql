-- The segments of these messages whose submit_sm once had no answer.
SELECT u.message_id, u.segment, u.segments, u.layout
FROM unnest($2::text[]) WITH ORDINALITY AS m (message_id, position)
CROSS JOIN LATERAL (
    SELECT * FROM smpp.unanswered_submits u
    WHERE u.message_id = m.message_id AND u.operator_id = $1
    LIMIT 255
) u
ORDER BY m.position, u.segment;
