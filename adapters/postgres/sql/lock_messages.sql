-- Holds the messages of several segments that the statement before has ended segments of (smpp.touched), until the end
-- of the transaction. Whoever ends a segment holds its message before looking at the other segments, in a statement of
-- its own, whose snapshot is newer than the lock: so of two replicas that end the last two segments of a message
-- exactly one, the later, sees all of them ended.
--
-- Row locks come before these and these in the order of their numbers, so that there is no circle. A message shares its
-- lock with others (256 in all): a batch of many messages could otherwise fill the server's lock table.
-- 1936552048 is 'smpp' in ASCII.
SELECT count(pg_advisory_xact_lock(1936552048, stripe))
FROM (
    SELECT DISTINCT hashtext(t.message_id) & 255 AS stripe
    FROM json_to_recordset(current_setting('smpp.touched')::json) AS t (message_id text, ends boolean)
    WHERE t.ends
    ORDER BY stripe
) stripes;
