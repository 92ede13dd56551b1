-- Notes segments whose submit_sm had no answer, one array per column. Ordered, so that two writers can't deadlock.
INSERT INTO smpp.unanswered_submits (message_id, operator_id, segment, segments, layout)
SELECT DISTINCT ON (u.message_id, u.operator_id, u.segment) u.*
FROM unnest($1::text[], $2::text[], $3::smallint[], $4::smallint[], $5::text[])
    AS u (message_id, operator_id, segment, segments, layout)
ORDER BY u.message_id, u.operator_id, u.segment
ON CONFLICT DO NOTHING;
