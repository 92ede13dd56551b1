"""CorrelationWriter: what the operators accepted, stored and then acknowledged."""
