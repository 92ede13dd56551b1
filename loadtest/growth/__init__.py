"""What a message costs as operators, correlations and replicas grow, and what limits the rate at each size."""
