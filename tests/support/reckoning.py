"""What became of every message of a trial: as JetStream accepted it, as the SMSCs saw it, as the events tell it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

SECOND_NS = 1_000_000_000
FULL = 0.9  # of the rate that is offered counts as full: on a busy machine a window is never quite even
WINDOW_S = 2.0
STEP_S = 0.25


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
    not_delivered = Counter(event["message_status"] for found in finals.values() for event in found)
    del not_delivered["DELIVERED"]
    reckoning.problems = complaints({
        f"messages lost: {_some(one.message_id for one in missing)}": len(missing),
        f"messages without a final event: {_some(name for name, found in finals.items() if not found)}":
            reckoning.without_final_event,
        "messages with more than one final event": sum(len(found) > 1 for found in finals.values()),
        f"messages that were not delivered: {dict(not_delivered)}": not_delivered.total(),
        f"messages sent twice without a mark: {_some(map(str, doubled - marked))}": len(doubled - marked),
        f"dispatches that ended as dead: {_some(event['reason'] for event in dead)}": len(dead),
        "submit_sm of messages that nobody has accepted": len({number for number, _ in seen} - _numbers(messages)),
    })  # fmt: skip
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
    """From `healed_ns` until the last window that was not full had ended; infinite where that is the last of all."""
    wanted = FULL * submits_per_s * WINDOW_S
    slow_until_s = 0.0
    start_s = 0.0
    length_s = (until_ns - healed_ns) / SECOND_NS
    while start_s + WINDOW_S <= length_s:
        start_ns = healed_ns + start_s * SECOND_NS
        if sum(start_ns <= at < start_ns + WINDOW_S * SECOND_NS for at in at_ns) < wanted:
            slow_until_s = start_s + WINDOW_S
        start_s += STEP_S
    return slow_until_s if slow_until_s + STEP_S <= length_s else float("inf")


def _numbers(messages: Sequence[Message]) -> set[int]:
    return {message.number for message in messages}


def complaints(counts: Mapping[str, int]) -> list[str]:
    """A line for each that is not 0."""
    return [f"{count} {what}" for what, count in counts.items() if count]


def _some(names: Iterable[str]) -> str:
    return " ".join(sorted(names)[:5])
