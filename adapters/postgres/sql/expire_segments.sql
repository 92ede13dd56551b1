-- Claims segments whose time has passed without a settled event: no final receipt came (they become UNKNOWN), or it came
-- and whoever should have published its event did not live to confirm it. Claimed, they are found again when the claim
-- ends ($2, seconds) and their event has not been settled by then.
WITH due AS MATERIALIZED (
    SELECT c.ctid AS row_id, c.final_at IS NULL AS ends
    FROM smpp.message_correlations c
    WHERE c.expires_at <= now() AND c.settled_at IS NULL
    ORDER BY c.expires_at
    LIMIT $1::bigint
    FOR NO KEY UPDATE SKIP LOCKED
),
claimed AS (
    UPDATE smpp.message_correlations c
    SET status = CASE WHEN d.ends THEN 'UNKNOWN' ELSE c.status END,
        final_at = coalesce(c.final_at, now()),
        expires_at = now() + make_interval(secs => $2::float8)
    FROM due d
    WHERE c.ctid = d.row_id
    RETURNING d.ends, c.*
),
touched AS (
    SELECT set_config('smpp.touched', coalesce(json_agg(json_build_object(
        'message_id', c.message_id, 'operator_id', c.operator_id, 'segment', c.segment, 'ends', c.ends
    ) ORDER BY c.message_id, c.segment), '[]')::text, true)
    FROM claimed c
    WHERE c.segments > 1
)
SELECT
    c.message_id, c.operator_id, c.segment, c.segments, c.smsc_message_id, c.status, c.final_at IS NOT NULL,
    c.settled_at IS NOT NULL, c.request_dlr, date_part('epoch', c.submitted_at), c.metadata::text, c.traceparent,
    c.possibly_repeated, c.transliterated
FROM touched t LEFT JOIN claimed c ON true;
