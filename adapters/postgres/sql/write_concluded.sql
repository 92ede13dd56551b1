-- Segments that end without a receipt, one array per column. A row that is there already stays: its status is final, or
-- the operator accepted that segment in an earlier attempt and its receipt will decide.
WITH given AS MATERIALIZED (
    -- Ordered, so that two writers can't wait for each other in a circle.
    SELECT DISTINCT ON (u.message_id, u.operator_id, u.segment) u.*
    FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::smallint[], $7::text[], $8::boolean[],
        $9::float8[], $10::float8[], $11::json[], $12::text[], $13::boolean[], $14::boolean[], $15::text[]
    ) AS u (
        operator_id, smsc_message_id, smsc_message_id_key, message_id, segment, segments, status, request_dlr,
        submitted_at, expires_at, metadata, traceparent, possibly_repeated, transliterated, layout
    )
    ORDER BY u.message_id, u.operator_id, u.segment
),
inserted AS (
    INSERT INTO smpp.message_correlations (
        operator_id, smsc_message_id, smsc_message_id_key, message_id, segment, segments, status, request_dlr,
        submitted_at, final_at, expires_at, metadata, traceparent, possibly_repeated, transliterated, layout
    )
    SELECT
        g.operator_id, g.smsc_message_id, g.smsc_message_id_key, g.message_id, g.segment, g.segments, g.status,
        g.request_dlr, to_timestamp(g.submitted_at), now(), to_timestamp(g.expires_at), g.metadata, g.traceparent,
        g.possibly_repeated, g.transliterated, g.layout
    FROM given g
    ON CONFLICT (message_id, operator_id, segment) DO NOTHING
    RETURNING message_id, operator_id, segment, segments
),
touched AS (
    SELECT i.message_id, i.operator_id, i.segment, true AS ends FROM inserted i WHERE i.segments > 1
    UNION ALL
    SELECT g.message_id, g.operator_id, g.segment, false FROM given g WHERE g.segments > 1
)
-- For lock_messages and conclude_messages, which follow in the same transaction.
SELECT set_config('smpp.touched', coalesce(json_agg(t ORDER BY t.message_id, t.segment), '[]')::text, true)
FROM touched t;
