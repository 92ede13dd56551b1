"""JetStream: connection, streams, demand-driven pull, confirmed publishing, acknowledgements."""
