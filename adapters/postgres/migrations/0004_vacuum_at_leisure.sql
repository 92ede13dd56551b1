-- The rows that a sweep deletes lie on every page of the indexes, so that each VACUUM after it writes all of them anew,
-- and to the WAL: at the usual pace of autovacuum (2 ms) that takes the disk from whoever commits. A tenth of that pace
-- keeps up with a sweep of any size within the day (docs/decisions/0026).
ALTER TABLE smpp.message_correlations SET (autovacuum_vacuum_cost_delay = 20);
