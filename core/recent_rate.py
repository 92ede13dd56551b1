"""How often something has happened in the last second, without a list of when."""

WINDOW_S = 1.0


class RecentRate:
    """Times in monotonic seconds. Two counts, of this second and of the one before, which fades as this one passes."""

    def __init__(self) -> None:
        self._now = 0
        self._before = 0
        self._window_started = 0.0

    def add(self, count: int, now: float) -> None:
        self._roll(now)
        self._now += count

    def per_s(self, now: float) -> float:
        """Of the last second or so."""
        self._roll(now)
        share = 1 - (now - self._window_started) / WINDOW_S
        return (self._before * share + self._now) / WINDOW_S

    def _roll(self, now: float) -> None:
        passed = now - self._window_started
        if passed >= 2 * WINDOW_S:
            self._before = self._now = 0
            self._window_started = now
        elif passed >= WINDOW_S:
            self._before, self._now = self._now, 0
            self._window_started += WINDOW_S
