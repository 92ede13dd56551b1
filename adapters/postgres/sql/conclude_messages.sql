-- Says of each message of several segments in smpp.touched how its segments stand, and marks the segment that concludes
-- it, if this transaction has ended the last one: of the segments it has ended, the one touched last. The mark is made
-- in the transaction that ends the segment or never, so that a repetition finds what was decided.
WITH message AS MATERIALIZED (
    SELECT
        t.message_id, t.operator_id,
        (array_agg(t.segment ORDER BY t.position DESC) FILTER (WHERE t.ends))[1] AS last_ended
    FROM ROWS FROM (
        json_to_recordset(current_setting('smpp.touched')::json)
            AS (message_id text, operator_id text, segment smallint, ends boolean)
    ) WITH ORDINALITY AS t (message_id, operator_id, segment, ends, position)
    GROUP BY t.message_id, t.operator_id
),
state AS MATERIALIZED (
    SELECT m.message_id, m.operator_id, m.last_ended, c.*
    FROM message m
    CROSS JOIN LATERAL (
        SELECT
            count(c.final_at) = max(c.segments) AS complete,
            max(c.segment) FILTER (WHERE c.concludes) AS concluding_segment,
            max(c.ctid) FILTER (WHERE c.segment = m.last_ended) AS row_id,
            json_agg(
                json_build_array(c.segment, c.status, c.final_at IS NOT NULL, c.possibly_repeated) ORDER BY c.segment
            )::text AS states
        FROM smpp.message_correlations c
        WHERE c.message_id = m.message_id AND c.operator_id = m.operator_id
    ) c
),
-- These rows are locked by this transaction: nobody has moved them.
concluded AS (
    UPDATE smpp.message_correlations c SET concludes = true
    FROM state s
    WHERE s.complete AND s.concluding_segment IS NULL AND c.ctid = s.row_id
)
SELECT
    s.message_id, s.operator_id,
    coalesce(s.concluding_segment, CASE WHEN s.complete THEN s.last_ended END), s.states
FROM state s;
