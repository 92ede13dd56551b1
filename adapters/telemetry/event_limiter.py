"""Bounds how often one event may be logged: an unreachable server is one story, not ten thousand lines."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapters.telemetry.logs import log_event

MAX_EVENTS = 256  # different ones under watch; the oldest goes first


@dataclass(slots=True)
class _Interval:
    started_at: float
    level: int
    admitted: int = 0
    suppressed: int = 0


class EventLimiter:
    """Logs at most `limit` of equal events in each interval, and then one line that says how many more there were.

    Equal: the same event and the same `key`. The owner calls `flush` now and then (once an interval will do),
    so that the summary comes out even when the event does not come back.
    """

    def __init__(
        self,
        logger: logging.Logger,
        *,
        limit: int = 5,
        interval_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger
        self._limit = limit
        self._interval_s = interval_s
        self._clock = clock
        self._intervals: dict[tuple[str, str], _Interval] = {}

    def log(
        self, level: int, event: str, message: str = "", /, *, key: str = "", exc_info: Any = None, **fields: Any
    ) -> None:
        """Like log_event, unless there were too many. key: tells apart, say, the operators."""
        self.flush()
        interval = self._interval(event, key, level)
        if interval.admitted >= self._limit:
            interval.suppressed += 1
            return
        interval.admitted += 1
        log_event(self._logger, level, event, message, exc_info=exc_info, **fields)

    def flush(self) -> None:
        """End the intervals whose time is over, with a summary where something was suppressed."""
        now = self._clock()
        over = [name for name, interval in self._intervals.items() if now - interval.started_at >= self._interval_s]
        for name in over:
            self._end(name)

    def _interval(self, event: str, key: str, level: int) -> _Interval:
        name = (event, key)
        if name not in self._intervals:
            if len(self._intervals) >= MAX_EVENTS:
                self._end(next(iter(self._intervals)))
            self._intervals[name] = _Interval(self._clock(), level)
        return self._intervals[name]

    def _end(self, name: tuple[str, str]) -> None:
        event, key = name
        interval = self._intervals.pop(name)
        if interval.suppressed:
            summary = {"suppressed": interval.suppressed, "of_event": event, "key": key, "interval_s": self._interval_s}
            log_event(self._logger, interval.level, "events_suppressed", **summary)
