-- Deletes up to about $1 expired segments whose events are settled. A message of several segments goes as a whole, once
-- it is concluded: its rows are what the verdict is taken from. One that was never concluded, because some of its
-- segments were neither accepted nor refused, goes after $2 seconds more. Nothing that expired before $3: the index still
-- holds what was deleted and not vacuumed, and to pass by all of that would make each batch slower than the one before.
WITH due AS MATERIALIZED (
    SELECT c.ctid AS row_id, c.message_id, c.operator_id, c.segments, c.expires_at
    FROM smpp.message_correlations c
    WHERE c.expires_at >= $3::timestamptz AND c.expires_at <= now() AND c.settled_at IS NOT NULL
        AND (
            c.segments = 1
            OR (c.concludes OR c.expires_at <= now() - make_interval(secs => $2::float8)) AND NOT EXISTS (
                SELECT FROM smpp.message_correlations other
                WHERE other.message_id = c.message_id AND other.operator_id = c.operator_id
                    AND (other.settled_at IS NULL OR other.expires_at > now())
            )
        )
    ORDER BY c.expires_at
    LIMIT $1::bigint
    FOR UPDATE SKIP LOCKED
),
doomed AS MATERIALIZED (
    SELECT d.row_id FROM due d WHERE d.segments = 1
    UNION
    SELECT c.row_id
    FROM due d
    CROSS JOIN LATERAL (
        SELECT c.ctid AS row_id FROM smpp.message_correlations c
        WHERE c.message_id = d.message_id AND c.operator_id = d.operator_id
        LIMIT 255
    ) c
    WHERE d.segments > 1
),
deleted AS (
    DELETE FROM smpp.message_correlations c
    USING doomed d
    WHERE c.ctid = d.row_id
    RETURNING c.ctid
)
SELECT count(*), (SELECT max(d.expires_at)::text FROM due d) FROM deleted;
