-- Keeps receipts whose correlation is not there yet; tried again after $10 seconds, for $11 seconds.
INSERT INTO smpp.unmatched_receipts (
    operator_id, smsc_message_id, smsc_message_id_key, status, final, stat, error_code, done_at, received_at, retry_at,
    deadline_at
)
SELECT
    r.operator_id, r.smsc_message_id, r.smsc_message_id_key, r.status, r.final, r.stat, r.error_code,
    nullif(r.done_at, '')::timestamptz, to_timestamp(r.received_at), now() + make_interval(secs => $10::float8),
    now() + make_interval(secs => $11::float8)
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[], $8::text[], $9::float8[]
) AS r (
    operator_id, smsc_message_id, smsc_message_id_key, status, final, stat, error_code, done_at, received_at
);
