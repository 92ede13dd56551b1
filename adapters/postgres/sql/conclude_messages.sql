WITH message AS MATERIALIZED (
    SELECT t.message_id, t.operator_id, (array_agg(t.segment ORDER BY t.position DESC) FILTER (WHERE t.ends))[1] AS candidate
    FROM ROWS FROM (
        json_to_recordset(current_setting('smpp.touched')::json)
            AS (message_id text, operator_id text, segment smallint, ends boolean)
    ) WITH ORDINALITY AS t (message_id, operator_id, segment, ends, position)
    GROUP BY t.message_id, t.operator_id
),
state AS MATERIALIZED (
    SELECT m.*, c.*
    FROM message m CROSS JOIN LATERAL (
        SELECT
            count(c.final_at) = max(c.segments) AS complete,
            max(c.segment) FILTER (WHERE c.concludes) AS concluding,
            json_agg(json_build_array(c.segment, c.status, c.final_at IS NOT NULL) ORDER BY c.segment)::text AS segments
        FROM smpp.message_correlations c
        WHERE c.message_id = m.message_id AND c.operator_id = m.operator_id
    ) c
),
concluded AS (
    UPDATE smpp.message_correlations c SET concludes = true
    FROM state s
    WHERE s.complete AND s.concluding IS NULL
        AND c.message_id = s.message_id AND c.operator_id = s.operator_id AND c.segment = s.candidate
)
SELECT s.message_id, s.operator_id, coalesce(s.concluding, CASE WHEN s.complete THEN s.candidate END), s.segments
FROM state s;
