"""The sweep of expired correlations beside the writes of the service: what it costs them, and what may interrupt it."""
