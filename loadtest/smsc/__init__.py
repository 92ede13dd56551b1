"""How much the simulated SMSC takes before it is what a benchmark measures."""
