"""HealthPublisher: operator.health events."""
