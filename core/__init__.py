"""Decisions: plain classes that take events and the time and say what to do. No I/O and no clock."""
