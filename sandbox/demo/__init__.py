"""The demonstration: a thousand messages through the real service, on real servers, with simulated operators."""
