"""Load: the benchmark of the whole service on one machine, and the Locust users that validate a cluster."""
