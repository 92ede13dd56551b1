"""How many things happened within one second, wherever that second is laid."""

from collections import deque

WINDOW_S = 1.0


class SlidingSecond:
    """Counts over the second that ends now: two things exactly a second apart are not in the same one."""

    __slots__ = ("_times", "highest")

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self.highest = 0

    def count(self, now: float) -> int:
        """How many happened in the second up to `now` (monotonic seconds)."""
        times, gone = self._times, now - WINDOW_S
        while times and times[0] <= gone:
            times.popleft()
        return len(times)

    def add(self, now: float) -> None:
        """One more, now."""
        self._times.append(now)
        count = self.count(now)
        if count > self.highest:
            self.highest = count
