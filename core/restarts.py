"""When a parent starts a child anew."""

from core.backoff import Backoff

FIRST_S = 0.1
MOST_S = 10.0
PROVEN_AFTER_S = 60.0  # a child that lived so long has earned a fresh backoff


class RestartPolicy:
    """Says how long to wait before a dead child is started again; times in monotonic seconds."""

    def __init__(self) -> None:
        self._backoff = Backoff(FIRST_S, MOST_S)
        self._started_at: float | None = None
        self.restarts = 0

    def started(self, now: float) -> None:
        self._started_at = now

    def delay_s(self, now: float) -> float:
        """Wait before the next start, told of a death at `now`."""
        if self._started_at is not None and now - self._started_at >= PROVEN_AFTER_S:
            self._backoff.reset()
        self.restarts += 1
        return self._backoff.next_s()
