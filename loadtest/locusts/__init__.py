"""Locust users that publish dispatches and see each through to its final event, and the verdict on what they found."""
