-- The segments with these keys that are stored.
SELECT
    c.message_id, c.operator_id, c.segment, c.segments, c.smsc_message_id, c.status, c.final_at IS NOT NULL,
    c.settled_at IS NOT NULL, c.request_dlr, date_part('epoch', c.submitted_at), c.metadata::text, c.traceparent,
    c.possibly_repeated, c.transliterated
FROM unnest($1::text[], $2::text[], $3::smallint[]) AS s (message_id, operator_id, segment)
CROSS JOIN LATERAL (
    SELECT * FROM smpp.message_correlations c
    WHERE c.message_id = s.message_id AND c.operator_id = s.operator_id AND c.segment = s.segment
    LIMIT 1
) c;
