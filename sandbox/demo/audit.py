"""Whether all went right: one final event for each message, and each message once and whole at its operator."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.demo.dispatches import DemoMessage
from sandbox.demo.following import Final
from sandbox.demo.play import Outcome
from sandbox.demo.sightings import Sighting

DELIVERED = "DELIVERED"
MOST_NAMED = 50
"""Message ids named in one problem."""


@dataclass(frozen=True, slots=True)
class Case:
    """One message with what became of it. published_at: epoch seconds, None when it was not; sighting: None when the
    operator has not seen it."""

    message: DemoMessage
    published_at: float | None
    finals: Sequence[Final]
    sighting: Sighting | None

    @property
    def is_delivered(self) -> bool:
        """Its first final event says so."""
        return bool(self.finals) and self.finals[0].message_status == DELIVERED


CHECKS: Mapping[str, Callable[[Case], bool]] = {
    "not published": lambda case: case.published_at is None,
    "without a final event": lambda case: not case.finals,
    "with more than one final event": lambda case: len(case.finals) > 1,
    "with a final event, but not delivered": lambda case: bool(case.finals) and not case.is_delivered,
    "never at the operator": lambda case: case.sighting is None,
    "at the operator, but not once and whole": lambda case: (
        case.sighting is not None and not case.sighting.is_complete_once
    ),
    "at the operator with another text": lambda case: (
        case.sighting is not None and case.sighting.is_complete_once and case.sighting.text() != case.message.text
    ),
}
"""What may be wrong with a message."""


def cases_of(
    messages: Sequence[DemoMessage], outcome: Outcome, sightings: Mapping[str, Mapping[str, Sighting]]
) -> list[Case]:
    """One for each message; sightings by operator_id and destination."""
    return [
        Case(
            message,
            outcome.published_at.get(message.message_id),
            outcome.finals.get(message.message_id, ()),
            sightings[message.operator_id].get(message.to),
        )
        for message in messages
    ]


def message_problems(cases: Sequence[Case]) -> Iterator[str]:
    """One line for each check that does not hold."""
    for what, is_wrong in CHECKS.items():
        yield from _named(what, [case.message.message_id for case in cases if is_wrong(case)])


def stray_problems(cases: Sequence[Case], outcome: Outcome) -> Iterator[str]:
    """Events that no message of ours explains."""
    known = {case.message.message_id for case in cases}
    yield from _named("with a final event, but not ours", sorted(outcome.finals.keys() - known))
    yield from (f"{count} on sms.dead.dispatch: {reason}" for reason, count in Counter(outcome.dead).items())


def ledger_problems(cases: Sequence[Case], reports: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Where a simulator counted otherwise; reports by operator_id."""
    expected = Counter(case.message.operator_id for case in cases)
    for operator_id, report in reports.items():
        counts = report["messages"]
        seen = {name: counts[name] for name in ("messages", "duplicated", "incomplete")}
        wanted = {"messages": expected[operator_id], "duplicated": 0, "incomplete": 0}
        if seen != wanted:
            yield f"{operator_id} counted {seen}, not {wanted}"


def _named(what: str, message_ids: Sequence[str]) -> Iterator[str]:
    if message_ids:
        more = ", ..." if len(message_ids) > MOST_NAMED else ""
        yield f"{len(message_ids)} {what}: {', '.join(message_ids[:MOST_NAMED])}{more}"
