"""Waiting for a condition with a deadline, in place of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

POLL_S = 0.01

Found = TypeVar("Found")


def wait_until(condition: Callable[[], Found], within_s: float, what: str) -> Found:
    """What the condition returns once that is true; fails after `within_s`, saying what did not come."""
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}"
        time.sleep(POLL_S)
    return found
