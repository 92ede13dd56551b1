"""The reckoning of the crash matrix finds what it is there to find."""

import math
from typing import Any

import pytest
from reckoning import (
    SECOND_NS,
    Message,
    Reckoning,
    Sighting,
    reckon,
    seconds_to_full_rate,
    sent_twice_though_answered,
)

SHORT, LONG = Message(1, "m-1", 1), Message(2, "m-2", 2)
SEEN = [Sighting(1, 1, 10), Sighting(2, 1, 11), Sighting(2, 2, 12)]
PER_S = 100


def final(*, status: str = "DELIVERED", marked: bool = False) -> dict[str, Any]:
    return {"final": True, "message_status": status, "possibly_repeated": marked}


EVENTS = {"m-1": [final()], "m-2": [{"final": False}, final()]}


def reckoned(**changes: Any) -> Reckoning:
    parts: dict[str, Any] = {"messages": [SHORT, LONG], "sightings": SEEN, "events": EVENTS, "dead": [], **changes}
    return reckon(**parts)


def test_messages_that_were_seen_once_and_have_one_final_event_are_in_order():
    assert reckoned() == Reckoning(accepted=2, sent=3, unique=3, final_events=2)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sightings": SEEN[:2]}, "1 messages lost: m-2"),
        ({"events": {"m-1": [final()]}}, "1 messages without a final event: m-2"),
        ({"events": {**EVENTS, "m-1": [final(), final()]}}, "1 messages with more than one final event: m-1"),
        ({"events": {**EVENTS, "m-1": [final(status="UNKNOWN")]}}, "1 messages that were not delivered: UNKNOWN"),
        ({"sightings": [*SEEN, Sighting(1, 1, 13)]}, "1 messages sent twice without a mark: 1"),
        ({"sightings": [*SEEN, Sighting(3, 1, 13)]}, "1 messages seen that nobody has accepted: 3"),
        ({"dead": [{"reason": "given up"}]}, "1 dispatches that ended as dead: given up"),
    ],
)
def test_what_does_not_hold_is_a_problem(changes: dict[str, Any], problem: str):
    assert reckoned(**changes).problems == [problem]


def test_a_repeat_that_is_marked_is_counted_and_no_problem():
    found = reckoned(sightings=[*SEEN, Sighting(1, 1, 13)], events={**EVENTS, "m-1": [final(marked=True)]})

    assert (found.duplicated, found.problems) == (1, [])


def test_what_comes_again_after_its_answer_is_found():
    sightings = [*SEEN, Sighting(1, 1, 20), Sighting(2, 2, 20)]

    assert sent_twice_though_answered(sightings, answered_before_ns=12) == {1}


def evenly(from_s: float, to_s: float) -> list[int]:
    """Times of submit_sm, PER_S a second."""
    return [round(index / PER_S * SECOND_NS) for index in range(int(from_s * PER_S), int(to_s * PER_S))]


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        (evenly(0, 20), 0.0),
        (evenly(0, 5) + evenly(5.3, 20), 0.0),
        (evenly(6, 20), 5.75),
        (evenly(0, 8) + evenly(10, 20), 9.75),
        (evenly(0, 19), math.inf),
    ],
    ids=["always", "with a hiccup", "late", "with a second gap", "not in the end"],
)
def test_the_full_rate_counts_from_when_it_stays(times: list[int], seconds: float):
    assert seconds_to_full_rate(times, 0, 20 * SECOND_NS, PER_S) == seconds
