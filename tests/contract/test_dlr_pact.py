"""The pact over sms.dlr.inbound: what a platform reads, what we publish, and that a difference is found out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confirming_nats import Published
from dlr_pact import CONSUMER, DELIVERED, PROVIDER, FateBook, dlr_messages, dlr_pact
from pact_files import agreement, disagreements, path_of

CHECKED_IN = path_of(dlr_pact())

Change = Callable[[dict[str, Any]], Any]


def test_the_consumer_reads_every_event_it_asks_for() -> None:
    book = FateBook()
    dlr_pact().verify(book.read, "Async")
    assert book.ended == {
        "delivered": "DELIVERED",
        "refused": "REJECTED",
        "too late": "EXPIRED",
        "accepted": "ACCEPTED",
        "no receipt": "UNKNOWN",
    }
    assert book.delivered_segments == {"delivered": {1}, "in three segments": {2}}


def test_the_pact_that_is_checked_in_is_what_the_consumer_asks_for(tmp_path: Path) -> None:
    dlr_pact().write_file(tmp_path)
    assert agreement(CHECKED_IN) == agreement(path_of(dlr_pact(), tmp_path)), "run `make schemas`"


def test_what_we_publish_is_what_the_consumer_asks_for() -> None:
    assert disagreements(CHECKED_IN, dlr_messages()) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        pytest.param(lambda event: event.pop("message_status"), "$", id="a field is gone"),
        pytest.param(lambda event: event.update(status="delivered"), "$.status", id="a word is written otherwise"),
        pytest.param(lambda event: event.update(segment="1"), "$.segment", id="a number is text"),
        pytest.param(lambda event: event.update(received_at="2026-01-31"), "$.received_at", id="a time has no hour"),
        pytest.param(lambda event: event.update(done_at=None), "$.done_at", id="a time is missing"),
        pytest.param(lambda event: event.update(metadata={}), "$.metadata", id="metadata do not come back"),
    ],
)
def test_an_event_that_breaks_the_pact_is_found_out(change: Change, place: str) -> None:
    broken = dlr_messages() | {DELIVERED: changed(DELIVERED, change)}
    assert disagreements(CHECKED_IN, broken) == [(DELIVERED, place)]


def test_an_event_may_gain_a_field() -> None:
    with_colour = changed(DELIVERED, lambda event: event.update(colour="red"))
    assert disagreements(CHECKED_IN, dlr_messages() | {DELIVERED: with_colour}) == []


def test_the_pact_has_an_interaction_for_each_way_a_message_can_end() -> None:
    asked = agreement(CHECKED_IN)
    assert (asked["consumer"]["name"], asked["provider"]["name"]) == (CONSUMER, PROVIDER)
    assert sorted(one["description"] for one in asked["interactions"]) == sorted(dlr_messages())


def changed(description: str, change: Change) -> Callable[[], Published]:
    """The message of our code, with something done to its event."""
    ours = dlr_messages()[description]()
    event = json.loads(ours.payload)
    change(event)
    return lambda: ours._replace(payload=json.dumps(event).encode())
