"""What became of every message of a trial: as JetStream accepted it, as the SMSCs saw it, as the events tell it."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

SECOND_NS = 1_000_000_000
FULL = 0.9  # of the rate that is offered counts as full: on a busy machine a window is never quite even
WINDOW_S = 4.0
STEP_S = 0.25
MOST_NAMED = 5


class Sighting(NamedTuple):
    """A submit_sm that an SMSC accepted. number, part: which one it was. at_ns: since the epoch."""

    number: int
    part: int
    at_ns: int


class Message(NamedTuple):
    """One that JetStream has accepted. parts: how many submit_sm it takes."""

    number: int
    message_id: str
    parts: int


@dataclass
class Reckoning:
    """The figures of a trial, and what does not hold (`problems`).

    sent, unique: submit_sm that the SMSCs accepted, in all and without repeats. lost: messages of which the SMSCs have
    not seen every part. unknown: submits that the service counted as unanswered.
    """

    accepted: int = 0
    sent: int = 0
    unique: int = 0
    lost: int = 0
    unknown: int = 0
    final_events: int = 0
    without_final_event: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def duplicated(self) -> int:
        return self.sent - self.unique


def reckon(
    messages: Sequence[Message],
    sightings: Iterable[Sighting],
    events: Mapping[str, Sequence[Mapping[str, Any]]],
    dead: Sequence[Mapping[str, Any]],
) -> Reckoning:
    """Of these messages. events: those of sms.dlr.inbound by message_id. dead: those of sms.dead.dispatch."""
    seen = Counter((sighting.number, sighting.part) for sighting in sightings)
    finals = {one.message_id: [event for event in events.get(one.message_id, ()) if event["final"]] for one in messages}
    missing = [one for one in messages if any((one.number, part + 1) not in seen for part in range(one.parts))]
    doubled = {number for (number, _part), times in seen.items() if times > 1}
    marked = {one.number for one in messages if any(event["possibly_repeated"] for event in finals[one.message_id])}
    reckoning = Reckoning(
        accepted=len(messages),
        sent=seen.total(),
        unique=len(seen),
        lost=len(missing),
        final_events=sum(map(len, finals.values())),
        without_final_event=sum(not found for found in finals.values()),
    )
    statuses = [event["message_status"] for found in finals.values() for event in found]
    others = [status for status in statuses if status != "DELIVERED"]
    strangers = {number for number, _part in seen} - {one.number for one in messages}
    reckoning.problems = complaints(
        {
            "messages lost": [one.message_id for one in missing],
            "messages without a final event": [name for name, found in finals.items() if not found],
            "messages with more than one final event": [name for name, found in finals.items() if len(found) > 1],
            "messages that were not delivered": others,
            "messages sent twice without a mark": doubled - marked,
            "messages seen that nobody has accepted": strangers,
            "dispatches that ended as dead": [event["reason"] for event in dead],
        }
    )
    return reckoning


def sent_twice_though_answered(sightings: Sequence[Sighting], answered_before_ns: int) -> set[int]:
    """Numbers of messages of which a part came again that had first come before then."""
    first: dict[tuple[int, int], int] = {}
    again: set[int] = set()
    for number, part, at_ns in sightings:
        if first.setdefault((number, part), at_ns) < min(answered_before_ns, at_ns):
            again.add(number)
    return again


def seconds_to_full_rate(at_ns: Sequence[int], healed_ns: int, until_ns: int, submits_per_s: float) -> float:
    """From `healed_ns` to the moment from which on every window is full; infinite where the last of all is not."""
    windows = int(((until_ns - healed_ns) / SECOND_NS - WINDOW_S) / STEP_S) + 1
    wanted = FULL * submits_per_s * WINDOW_S
    slow = [index for index in range(windows) if _within(at_ns, healed_ns, index * STEP_S) < wanted]
    if slow and slow[-1] == windows - 1:
        return math.inf
    return (slow[-1] + 1) * STEP_S if slow else 0.0


def per_second(at_ns: Sequence[int], since_ns: int) -> list[int]:
    """How many in each second from then on."""
    counts = Counter((at - since_ns) // SECOND_NS for at in at_ns if at >= since_ns)
    return [counts[second] for second in range(max(counts, default=-1) + 1)]


def _within(at_ns: Sequence[int], healed_ns: int, start_s: float) -> int:
    """How many in the window that begins so long after."""
    begin_ns = healed_ns + round(start_s * SECOND_NS)
    return sum(begin_ns <= at < begin_ns + WINDOW_S * SECOND_NS for at in at_ns)


def complaints(found: Mapping[str, Collection[object]]) -> list[str]:
    """A line for each that is not empty, with some of it."""
    return [f"{len(these)} {what}: {_some(these)}" for what, these in found.items() if these]


def _some(these: Iterable[object]) -> str:
    return " ".join(sorted(set(map(str, these)))[:MOST_NAMED])
