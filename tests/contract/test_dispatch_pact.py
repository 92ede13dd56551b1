"""The pact over sms.dispatch.*: what we make of a dispatch, and that `smpp-connector send` keeps to it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dispatch_pact import TEXT, SubmitsOfDispatches, dispatch_messages, dispatch_pact
from pact_files import agreement, disagreements, path_of

from smpp.hot import ShortMessage

CHECKED_IN = path_of(dispatch_pact())

FROM_BANK = {
    "source_addr_ton": 5,
    "source_addr": "Bank",
    "dest_addr_ton": 1,
    "dest_addr_npi": 1,
    "destination_addr": "491512345678",
}


def test_the_consumer_makes_a_submit_sm_of_every_dispatch_it_asks_for() -> None:
    made = SubmitsOfDispatches()
    dispatch_pact().verify(made.read, "Async")
    assert made.submits == {
        "text": [ShortMessage(**FROM_BANK, registered_delivery=1, short_message=b"Hello")],
        "binary": [ShortMessage(**FROM_BANK, registered_delivery=1, data_coding=4, short_message=b"\x00\x01\xff")],
        "options": [
            ShortMessage(**FROM_BANK, priority_flag=3, data_coding=0x10, short_message=b"Your code is 1234"),
        ],
    }


def test_the_pact_that_is_checked_in_is_what_the_service_asks_for(tmp_path: Path) -> None:
    dispatch_pact().write_file(tmp_path)
    assert agreement(CHECKED_IN) == agreement(path_of(dispatch_pact(), tmp_path)), "run `make schemas`"


def test_what_send_publishes_is_what_the_service_asks_for() -> None:
    assert disagreements(CHECKED_IN, dispatch_messages()) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        pytest.param(lambda dispatch: dispatch.pop("text"), "$", id="no text"),
        pytest.param(lambda dispatch: dispatch.update(message_id="x" * 65), "$.message_id", id="a long message_id"),
        pytest.param(lambda dispatch: dispatch.update(to="0151 2345678"), "$.to", id="a space in a number"),
    ],
)
def test_a_dispatch_that_breaks_the_pact_is_found_out(change: Callable[[dict[str, Any]], Any], place: str) -> None:
    ours = dispatch_messages()[TEXT]()
    dispatch = json.loads(ours.payload)
    change(dispatch)
    broken = ours._replace(payload=json.dumps(dispatch).encode())
    assert disagreements(CHECKED_IN, dispatch_messages() | {TEXT: lambda: broken}) == [(TEXT, place)]
