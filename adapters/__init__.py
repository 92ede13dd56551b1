"""The outside world: NATS, Postgres, Redis, HTTP, the operator-management-service, telemetry."""
