"""Growing waits between attempts."""

import random
from collections.abc import Callable


class Backoff:
    """first_s, twice that, and so on up to most_s; each spread by up to `jitter` of itself so that peers don't march,
    but never beyond most_s, where the waits before have spread them already.

    spread: a source of numbers in 0..1, passed in by tests.
    """

    def __init__(
        self, first_s: float, most_s: float, jitter: float = 0.1, spread: Callable[[], float] = random.random
    ) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._jitter = jitter
        self._spread = spread
        self._last_s = 0.0
        self.attempts = 0

    def next_s(self) -> float:
        """Seconds to wait before the next attempt."""
        wait_s = min(self._first_s * 2.0 ** min(self.attempts, 32), self._most_s)
        self.attempts += 1
        self._last_s = min(wait_s * (1 + self._jitter * self._spread()), self._most_s)
        return self._last_s

    def lasted(self, seconds: float) -> None:
        """What came of the last attempt went on for so long; as long as the wait before it earns a fresh start.

        No fixed time: where it is as long as the time between two faults, waits grow to most_s and stay there. A link
        that broke each minute was away for half of the time when a bind had to last for one (`make soak`).
        """
        if seconds >= self._last_s:
            self.reset()

    def reset(self) -> None:
        self.attempts = 0
