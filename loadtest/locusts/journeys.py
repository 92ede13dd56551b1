"""Each message from its publish to its final event: how long every step took, and what did not come to an end."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

MS = 1000.0
IN_TIME_S = 1.0  # after the load: what is submitted later has waited for the TPS to suffice


class Arrived(NamedTuple):
    """A final event. submitted_at: epoch seconds; None where the message was never sent."""

    number: int
    delivered: bool
    repeated: bool
    submitted_at: float | None
    arrived_at: float


class Steps(NamedTuple):
    """Milliseconds. submit: publish to submit_sm, None where it was never sent. receipt: from there to the event."""

    submit_ms: float | None
    receipt_ms: float


@dataclass
class Tally:
    """Messages by what became of them; those of several processes can be added up.

    due: that the schedule asked for. stored: confirmed by JetStream; refused: not. pending: stored, and without a final
    event. doubled: final events beyond the first. repeated: possibly sent twice, as their event says. undelivered:
    whose final status is not DELIVERED. late_s: how far behind its schedule the generator was at most.
    submits: how many submit_sm went out in each second (epoch).
    """

    due: int = 0
    published: int = 0
    stored: int = 0
    refused: int = 0
    pending: int = 0
    ended: int = 0
    doubled: int = 0
    repeated: int = 0
    undelivered: int = 0
    late_s: float = 0.0
    first_published_at: float = math.inf
    submits: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, figures: Mapping[str, Any]) -> Self:
        """The reverse of `figures`."""
        return cls(**{**figures, "submits": Counter(figures["submits"])})

    @property
    def outstanding(self) -> int:
        """Of which something may still come."""
        return max(0, self.published - self.refused - self.ended)

    def kept(self, load_s: float) -> float:
        """Share of the messages due whose submit_sm went out while the load of so many seconds lasted."""
        end_at = self.first_published_at + load_s + IN_TIME_S
        in_time = sum(count for at, count in self.submits.items() if at <= end_at)
        return in_time / max(self.due, 1)

    def figures(self) -> dict[str, Any]:
        """As msgpack can carry it; dataclasses.asdict makes something else of a Counter."""
        return {**vars(self), "submits": dict(self.submits)}

    def plus(self, other: Self) -> Self:
        """Of both together."""
        together = {name: value + getattr(other, name) for name, value in vars(self).items()}
        late_s = max(self.late_s, other.late_s)
        first_published_at = min(self.first_published_at, other.first_published_at)
        return type(self)(**together | {"late_s": late_s, "first_published_at": first_published_at})


class _Journey:
    """Of a message that has no final event yet."""

    __slots__ = ("is_stored", "published_at")

    def __init__(self, published_at: float) -> None:
        self.published_at = published_at
        self.is_stored = False


class Journeys:
    """Of the messages of one process, which are numbered from 0 on. All times are epoch seconds of one clock.

    Only what has not ended is kept, so that a run of days holds no more than one of minutes.
    """

    def __init__(self) -> None:
        self._under_way: dict[int, _Journey] = {}
        self._tally = Tally()

    def published(self, published_at: float) -> int:
        """One more goes out; its number."""
        number = self._tally.published
        self._tally.published += 1
        self._tally.first_published_at = min(self._tally.first_published_at, published_at)
        self._under_way[number] = _Journey(published_at)
        return number

    def stored(self, number: int, now: float) -> float | None:
        """JetStream has confirmed it: after how many milliseconds; None where its final event was there before."""
        self._tally.stored += 1
        journey = self._under_way.get(number)
        if journey is None:
            return None
        journey.is_stored = True
        return (now - journey.published_at) * MS

    def refused(self, number: int) -> None:
        """JetStream did not take it, or did not answer; a final event may come all the same."""
        self._tally.refused += 1

    def arrived(self, event: Arrived) -> Steps | None:
        """The final event has come; None where it is not the first, or of a number that was never published."""
        journey = self._under_way.pop(event.number, None)
        if journey is None:
            self._tally.doubled += 1
            return None
        tally = self._tally
        tally.ended += 1
        tally.repeated += event.repeated
        tally.undelivered += not event.delivered
        if event.submitted_at is None:
            return Steps(None, (event.arrived_at - journey.published_at) * MS)
        tally.submits[int(event.submitted_at)] += 1
        # Not below 0: the clocks of two machines differ, and the event's time is cut to milliseconds.
        submit_ms = max(0.0, (event.submitted_at - journey.published_at) * MS)
        return Steps(submit_ms, max(0.0, (event.arrived_at - event.submitted_at) * MS))

    def scheduled(self, due: int, late_s: float) -> None:
        """A schedule asked for `due` messages more, the last of them published `late_s` late."""
        self._tally.due += due
        self._tally.late_s = max(self._tally.late_s, late_s)

    def tally(self) -> Tally:
        """Until now."""
        pending = sum(journey.is_stored for journey in self._under_way.values())
        return replace(self._tally, pending=pending)
