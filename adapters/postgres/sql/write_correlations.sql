-- Segments that the operator accepted and whose receipt is awaited, one array per column.
--
-- A second row for the same segment comes from a submit_sm sent again after an unknown outcome. The first one stays,
-- with its status: its receipt may have come, its event may be out. Only where it has no smsc_message_id (refused,
-- reported, or the SMSC gave none) it takes the new one, so that receipts for that find the message. That it may have
-- gone out twice is known by one of the two and kept.
INSERT INTO smpp.message_correlations AS c (
    operator_id, smsc_message_id, smsc_message_id_key, message_id, segment, segments, status, request_dlr,
    submitted_at, expires_at, metadata, traceparent, possibly_repeated, transliterated, layout
)
-- One row per segment, because ON CONFLICT can't meet the same key twice; ordered, so that two writers can't deadlock.
SELECT DISTINCT ON (r.message_id, r.operator_id, r.segment)
    r.operator_id, r.smsc_message_id, r.smsc_message_id_key, r.message_id, r.segment, r.segments, r.status, r.request_dlr,
    to_timestamp(r.submitted_at), to_timestamp(r.expires_at), r.metadata, r.traceparent, r.possibly_repeated,
    r.transliterated, r.layout
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::smallint[], $7::text[], $8::boolean[],
    $9::float8[], $10::float8[], $11::json[], $12::text[], $13::boolean[], $14::boolean[], $15::text[]
) WITH ORDINALITY AS r (
    operator_id, smsc_message_id, smsc_message_id_key, message_id, segment, segments, status, request_dlr,
    submitted_at, expires_at, metadata, traceparent, possibly_repeated, transliterated, layout, position
)
ORDER BY r.message_id, r.operator_id, r.segment, r.smsc_message_id_key = '', r.position
ON CONFLICT (message_id, operator_id, segment) DO UPDATE
    SET smsc_message_id = CASE WHEN c.smsc_message_id_key = '' THEN excluded.smsc_message_id ELSE c.smsc_message_id END,
        smsc_message_id_key =
            CASE WHEN c.smsc_message_id_key = '' THEN excluded.smsc_message_id_key ELSE c.smsc_message_id_key END,
        possibly_repeated = c.possibly_repeated OR excluded.possibly_repeated
    WHERE c.smsc_message_id_key = '' AND excluded.smsc_message_id_key <> ''
        OR excluded.possibly_repeated AND NOT c.possibly_repeated;
