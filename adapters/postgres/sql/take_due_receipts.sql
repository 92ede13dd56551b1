-- Up to $1 receipts whose next attempt is due, oldest first; the attempt after it comes later by twice the time, at most
-- by $2 seconds. Two replicas never take the same one at the same time.
WITH due AS MATERIALIZED (
    SELECT u.receipt_id
    FROM smpp.unmatched_receipts u
    WHERE u.retry_at <= now()
    ORDER BY u.retry_at
    LIMIT $1::bigint
    FOR UPDATE SKIP LOCKED
),
taken AS (
    UPDATE smpp.unmatched_receipts u
    SET attempts = u.attempts + 1,
        retry_at = now() + make_interval(secs => least(2.0 ^ least(u.attempts + 1, 30), $2::float8))
    FROM due d
    WHERE u.receipt_id = d.receipt_id
    RETURNING u.*
)
SELECT
    t.receipt_id, t.attempts, t.deadline_at <= now(), t.operator_id, t.smsc_message_id, t.smsc_message_id_key, t.status,
    t.final, t.stat, t.error_code,
    coalesce(to_char(t.done_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), ''),
    date_part('epoch', t.received_at)
FROM taken t
ORDER BY t.receipt_id;
