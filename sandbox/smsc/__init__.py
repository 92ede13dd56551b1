"""A scriptable SMSC for development and tests: it behaves as told, and reports what it saw."""
