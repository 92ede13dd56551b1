"""What the simulator saw, as a report for tests and people."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice, pairwise

from sandbox.smsc.sightings import Content, Sightings
from sandbox.smsc.sliding import SlidingSecond
from smpp.constants import CommandStatus, status_name
from smpp.hot import ShortMessage

MAX_NAMED = 1000
"""Markers that a report names at most of each kind."""


@dataclass
class SubmitTally:
    """submit_sm received, by what became of them."""

    by_status: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    first_at: float | None = None
    last_at: float | None = None
    second: SlidingSecond = field(default_factory=SlidingSecond)

    def add(self, command_status: int, now: float, at: float) -> None:
        """One more; `now` in monotonic seconds, `at` in epoch seconds."""
        self.by_status[command_status] += 1
        self.second.add(now)
        if self.first_at is None:
            self.first_at = at
        self.last_at = at

    def report(self) -> dict[str, object]:
        return {
            "received": self.by_status.total(),
            "accepted": self.by_status[CommandStatus.ESME_ROK],
            "unanswered": self.unanswered,
            "by_status": {status_name(status): count for status, count in sorted(self.by_status.items())},
            "highest_in_a_second": self.second.highest,
            "first_at": _time(self.first_at),
            "last_at": _time(self.last_at),
        }


@dataclass
class BindTally:
    """Binds: those that are up now, and those that were."""

    now_by_system_id: Counter[str] = field(default_factory=Counter)
    highest: int = 0
    lowest: int | None = None
    total_by_mode: Counter[str] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    unbinds: int = 0
    highest_window: int = 0

    def bound(self, system_id: str, mode: str) -> None:
        self.now_by_system_id[system_id] += 1
        self.total_by_mode[mode] += 1
        now = self.now_by_system_id.total()
        self.highest = max(self.highest, now)
        self.lowest = now if self.lowest is None else self.lowest

    def lost(self, system_id: str) -> None:
        self.now_by_system_id[system_id] -= 1
        self.lowest = min(self.lowest or 0, self.now_by_system_id.total())

    def window_seen(self, unanswered: int) -> None:
        """So many submit_sm of one bind were unanswered at a time."""
        self.highest_window = max(self.highest_window, unanswered)

    def report(self) -> dict[str, object]:
        return {
            "now": self.now_by_system_id.total(),
            "now_by_system_id": {system_id: count for system_id, count in self.now_by_system_id.items() if count},
            "highest": self.highest,
            "lowest": self.lowest,
            "total": self.total_by_mode.total(),
            "total_by_mode": dict(self.total_by_mode),
            "refused": {status_name(status): count for status, count in sorted(self.refused.items())},
            "unbinds": self.unbinds,
            "highest_window": self.highest_window,
        }


@dataclass
class DeliverTally:
    """deliver_sm of one kind. `made` counts each once, `sent` each time it went out."""

    made: int = 0
    sent: int = 0
    answered: int = 0
    refused: int = 0
    timed_out: int = 0
    given_up: int = 0
    dropped: int = 0

    @property
    def pending(self) -> int:
        """Not yet accepted by the ESME: to be sent, or sent and unanswered."""
        return self.made - self.answered - self.given_up - self.dropped

    def report(self) -> dict[str, object]:
        return {**vars(self), "pending": self.pending}


class Ledger:
    """Everything that was seen, counted. No address, no text and no password is kept."""

    def __init__(self) -> None:
        self.submits = SubmitTally()
        self.by_system_id: defaultdict[str, SubmitTally] = defaultdict(SubmitTally)
        self.sightings = Sightings()
        self.binds = BindTally()
        self.receipts = DeliverTally()
        self.mo = DeliverTally()
        self.connections = 0
        self.ignored = 0
        self.enquire_links = 0
        self.enquire_links_answered = 0
        self.longest_enquiry_s = 0.0
        self.pdus_refused = 0

    def submitted(self, system_id: str, command_status: int, now: float, at: float) -> None:
        """A submit_sm came and gets this verdict."""
        self.submits.add(command_status, now, at)
        self.by_system_id[system_id].add(command_status, now, at)

    def enquiry_answered(self, took_s: float) -> None:
        """The ESME answered an enquire_link."""
        self.enquire_links_answered += 1
        self.longest_enquiry_s = max(self.longest_enquiry_s, took_s)

    def left_unanswered(self, system_id: str) -> None:
        """An accepted submit_sm gets no answer."""
        self.submits.unanswered += 1
        self.by_system_id[system_id].unanswered += 1

    def accepted(self, message: ShortMessage, content: Content, marker: int | None) -> None:
        """What was in an accepted submit_sm."""
        self.sightings.add(message, content, marker)

    def report(self) -> dict[str, object]:
        """The whole report.

        submits: received submit_sm; accepted ones count in messages and markers, `unanswered` were accepted silently.
        system_ids: the same for each. messages: whole ones, `segments` the parts of long ones, `incomplete` long ones
        with parts missing, `distinct` and `duplicated` submits, `untold` those too many to compare.
        markers: numbers at the beginning of texts (`#12`), a thousand at most named.
        binds: `lowest` is the fewest at a time since the first, `unbinds` those of ESMEs, `highest_window` the most
        unanswered submit_sm on one. ignored: submits on silent links. enquire_links: those of the ESME, those of ours
        that it answered, and the longest that it took to.
        """
        return {
            "submits": self.submits.report(),
            "system_ids": {system_id: tally.report() for system_id, tally in self.by_system_id.items()},
            "messages": self._messages(),
            "markers": self._markers(),
            "binds": self.binds.report(),
            "receipts": self.receipts.report(),
            "mo": self.mo.report(),
            "connections": self.connections,
            "ignored": self.ignored,
            "enquire_links": {
                "received": self.enquire_links,
                "answered": self.enquire_links_answered,
                "longest_answer_s": round(self.longest_enquiry_s, 3),
            },
            "pdus_refused": self.pdus_refused,
        }

    def _messages(self) -> dict[str, object]:
        sightings = self.sightings
        return {
            "messages": sightings.messages,
            "segments": sightings.segments,
            "incomplete": sightings.incomplete,
            "distinct": sightings.distinct,
            "duplicated": sightings.duplicated,
            "untold": sightings.untold,
        }

    def _markers(self) -> dict[str, object]:
        markers = self.sightings.markers
        seen = sorted(markers)
        repeated = [marker for marker in seen if markers[marker] > 1]
        return {
            "distinct": len(seen),
            "lowest": seen[0] if seen else None,
            "highest": seen[-1] if seen else None,
            "duplicated": len(repeated),
            "duplicated_named": {str(marker): markers[marker] for marker in repeated[:MAX_NAMED]},
            "missing": seen[-1] - seen[0] + 1 - len(seen) if seen else 0,
            "missing_named": list(islice(_between(seen), MAX_NAMED)),
        }


def _between(markers: list[int]) -> Iterator[int]:
    for marker, following in pairwise(markers):
        yield from range(marker + 1, following)


def _time(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
