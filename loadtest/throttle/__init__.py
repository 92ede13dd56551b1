"""The TPS limit as an SMSC counts it, over several replicas."""
