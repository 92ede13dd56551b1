-- Deletes up to $1 notes that are older than $2 seconds: their dispatches have long been settled.
DELETE FROM smpp.unanswered_submits u
USING (
    SELECT ctid AS row_id FROM smpp.unanswered_submits
    WHERE noted_at <= now() - make_interval(secs => $2::float8)
    ORDER BY noted_at
    LIMIT $1::bigint
    FOR UPDATE SKIP LOCKED
) old
WHERE u.ctid = old.row_id;
