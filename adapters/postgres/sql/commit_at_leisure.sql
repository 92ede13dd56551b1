-- For this transaction: who waits for its commit does not wait for the disk, nor does it make others wait. For what may be
-- undone by a crash of the server, because it would be done again.
SELECT set_config('synchronous_commit', 'off', true);
