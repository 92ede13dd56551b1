"""The service beside others of its kind: the same simulated SMSC, the same machine, in turns."""
