"""The recent past of an operator, for people who look now: how fast it went, and what happened."""

from collections import deque

from msgspec import Struct

SPANS = 60  # rates kept
EVENTS = 8  # different ones kept


class RateHistory:
    """Mean rates of the last spans of time, the newest last; times in monotonic seconds."""

    def __init__(self, now: float) -> None:
        self._rates: deque[float] = deque(maxlen=SPANS)
        self._count = 0
        self._span_began = now

    def add(self, count: int) -> None:
        self._count += count

    def close_span(self, now: float) -> None:
        """What was added since the last call is a rate now."""
        if now > self._span_began:
            self._rates.append(round(self._count / (now - self._span_began), 1))
            self._count, self._span_began = 0, now

    @property
    def rates(self) -> list[float]:
        return list(self._rates)


class PastEvent(Struct, frozen=True):
    """at: the last time, seconds since the epoch. times: how often since it was first noted."""

    what: str
    at: float
    times: int


class EventHistory:
    """What happened, the newest last. A repeat takes the place of the one before, so that a bind that is refused again
    and again hides nothing else."""

    def __init__(self) -> None:
        self._events: dict[str, PastEvent] = {}

    def note(self, what: str, at: float) -> None:
        """at: seconds since the epoch."""
        before = self._events.pop(what, None)
        self._events[what] = PastEvent(what, at, before.times + 1 if before else 1)
        if len(self._events) > EVENTS:
            del self._events[next(iter(self._events))]

    @property
    def events(self) -> list[PastEvent]:
        return list(self._events.values())
