"""Receipts as the SMSCs of the world write them: each finds its message and says what became of it."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from platform_side import DLR, Event, Platform
from simulated_operator import SimulatedOperator
from waiting import wait_until

from smpp.constants import ESM_CLASS_INTERMEDIATE, ESM_CLASS_RECEIPT, CommandStatus, Tag
from smpp.hot import ShortMessage

SETTLED_S = 20.0
DATE = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z"
MINUTE = r"20\d\d-\d\d-\d\dT\d\d:\d\d:00\.000Z"

DIALECTS: dict[str, tuple[dict[str, Any], tuple[str, str, str, str | None]]] = {
    "appendix-b": ({}, ("DELIVERED", "DELIVRD", "000", MINUTE)),
    "seconds": (
        {
            "receipt_text": "id:{id} sub:001 dlvrd:001 submit date:{submit:%y%m%d%H%M%S} done date:{done:%y%m%d%H%M%S}"
            " stat:{stat} err:{err} text:"
        },
        ("DELIVERED", "DELIVRD", "000", DATE),
    ),
    "cm-com": (
        {
            "receipt_text": "id:{id} submit date:{submit:%Y%m%d%H%M%S} done date:{done:%Y%m%d%H%M%S}"
            " stat:{stat} err:000",
            "final_stats": "DELIVERD=100",
        },
        ("DELIVERED", "DELIVERD", "000", DATE),
    ),
    "openmarket": (
        {
            "receipt_text": "id:{id} sub:000 dlvrd:000 submitdate:{submit:%y%m%d%H%M%S} donedate:000000000000"
            " stat:{stat} err:375 text:",
            "final_stats": "REJECTED=100",
        },
        ("REJECTED", "REJECTED", "375", None),
    ),
    "vonage": (
        {
            "receipt_text": "id:{id} sub:001 dlvrd:000 submit date:{submit:%y%m%d%H%M} done date:{done:%y%m%d%H%M}"
            " stat:{stat} err:051 text:none",
            "final_stats": "FAILED=100",
        },
        ("UNDELIVERABLE", "FAILED", "051", MINUTE),
    ),
    "tele2": (
        {
            "receipt_text": "47900000002270?id:{id} sub:001 dlvrd:001 submit date:{submit:%y%m%d%H%M}"
            " done date:{done:%y%m%d%H%M} stat:{stat} err:000 Text:abc'!{id}"
        },
        ("DELIVERED", "DELIVRD", "000", MINUTE),
    ),
    "commas": (
        {"receipt_text": "ID:{id},SUB:001,DLVRD:001,DONE DATE:{done:%Y%m%d%H%M%S},STAT:delivrd,ERR:0,TEXT:hi"},
        ("DELIVERED", "delivrd", "0", DATE),
    ),
    "no-order": (
        {"receipt_text": "stat:{stat} err:0A2 id:{id}", "final_stats": "EXPIRED=100"},
        ("EXPIRED", "EXPIRED", "0A2", None),
    ),
    "lines": (
        {"receipt_text": "id : {id}|submit_date: {submit:%y%m%d%H%M}|done_date: {done:%y%m%d%H%M}|stat: {stat}"},
        ("DELIVERED", "DELIVRD", "", MINUTE),
    ),
    "payload": ({"receipt_place": "message-payload"}, ("DELIVERED", "DELIVRD", "000", MINUTE)),
    "tlvs-win": (
        {"receipt_form": "both", "receipt_text": "id:of-another stat:UNKNOWN err:000"},
        ("DELIVERED", "UNKNOWN", "000", None),
    ),
}
"""Character, and what is to be told: status, stat, error_code and the form of done_at."""

NO_RECEIPTS = {"receipts": "none"}
CONFIGS = {"own-words": {"receipts": {"by_text": True, "stats": {"0": "DELIVERED"}}}}

_numbers = count(10)

Operators = dict[str, SimulatedOperator]


@pytest.fixture(scope="module")
def operators(loop: BackgroundLoop) -> Iterator[Operators]:
    traits = {name: {"receipt_form": "text"} | character for name, (character, _told) in DIALECTS.items()}
    with ExitStack() as running:
        yield {
            name: running.enter_context(SimulatedOperator(loop, name, CONFIGS.get(name), **character))
            for name, character in {**traits, "by-hand": NO_RECEIPTS, "own-words": NO_RECEIPTS}.items()
        }


@pytest.fixture
def sent(platform: Platform, operators: Operators) -> tuple[str, str]:
    """A message that waits for its receipt: message_id and smsc_message_id."""
    number = f"+491530000{next(_numbers)}"
    message_id = platform.dispatch("by-hand", to=number)
    (smsc_message_id,) = wait_until(lambda: operators["by-hand"].ids_of(number), SETTLED_S, "an answer")
    return message_id, smsc_message_id


@pytest.mark.parametrize("name", DIALECTS)
def test_a_receipt_in_this_dialect_says_what_became_of_its_message(platform: Platform, name: str):
    status, stat, error_code, done_at = DIALECTS[name][1]

    event = platform.final_event(platform.dispatch(name))
    assert {key: event[key] for key in ("status", "message_status", "stat", "error_code", "source")} == {
        "status": status,
        "message_status": status,
        "stat": stat,
        "error_code": error_code,
        "source": "deliver_sm",
    }
    assert re.fullmatch(done_at, event["done_at"]) if done_at else event["done_at"] is None


# By hand.


def payload(text: bytes, **fields: Any) -> ShortMessage:
    return ShortMessage(**{"esm_class": ESM_CLASS_RECEIPT, "tlvs": ((Tag.MESSAGE_PAYLOAD, text),), **fields})


def settled(operators: Operators, sequence_number: int) -> int:
    return operators["by-hand"].answer_to(sequence_number, SETTLED_S)


def test_a_receipt_may_come_in_a_data_sm(platform: Platform, operators: Operators, sent: tuple[str, str]):
    message_id, smsc_message_id = sent
    text = f"id:{smsc_message_id} stat:DELIVRD err:000".encode()

    assert settled(operators, operators["by-hand"].deliver_data(payload(text))) == CommandStatus.ESME_ROK
    assert platform.final_event(message_id)["status"] == "DELIVERED"


def test_a_receipt_may_be_marked_by_its_tlvs_alone(platform: Platform, operators: Operators, sent: tuple[str, str]):
    message_id, smsc_message_id = sent
    tlvs = ((Tag.RECEIPTED_MESSAGE_ID, f"{smsc_message_id}\0".encode()), (Tag.MESSAGE_STATE, b"\x05"))

    sequence_number = operators["by-hand"].deliver(ShortMessage(short_message=b"no receipt, says esm_class", tlvs=tlvs))
    assert settled(operators, sequence_number) == CommandStatus.ESME_ROK
    assert platform.final_event(message_id)["status"] == "UNDELIVERABLE"


def test_an_operator_may_mark_receipts_by_their_text_alone_and_have_words_of_its_own(
    platform: Platform, operators: Operators
):
    number = f"+491530000{next(_numbers)}"
    message_id = platform.dispatch("own-words", to=number)
    (smsc_message_id,) = wait_until(lambda: operators["own-words"].ids_of(number), SETTLED_S, "an answer")
    operators["own-words"].deliver(ShortMessage(short_message=f"id:{smsc_message_id} stat:0 err:0".encode()))

    event = platform.final_event(message_id)
    assert (event["status"], event["stat"]) == ("DELIVERED", "0")


def test_a_receipt_may_come_in_ucs_2(platform: Platform, operators: Operators, sent: tuple[str, str]):
    message_id, smsc_message_id = sent
    text = f"id:{smsc_message_id} stat:UNDELIV err:04A text:привет".encode("utf-16-be")

    operators["by-hand"].deliver(payload(text, data_coding=8))
    event = platform.final_event(message_id)
    assert (event["status"], event["error_code"]) == ("UNDELIVERABLE", "04A")


def test_an_intermediate_notification_ends_no_message_whatever_it_says(
    platform: Platform, operators: Operators, sent: tuple[str, str]
):
    message_id, smsc_message_id = sent
    text = f"id:{smsc_message_id} stat:DELIVRD err:000".encode()
    settled(operators, operators["by-hand"].deliver(payload(text, esm_class=ESM_CLASS_INTERMEDIATE)))
    operators["by-hand"].deliver_data(payload(text))

    platform.final_event(message_id)
    assert [(event["status"], event["final"]) for event in platform.events_of(message_id)] == [
        ("ENROUTE", False),
        ("DELIVERED", True),
    ]


@pytest.mark.parametrize("command", ["deliver_sm", "data_sm"])
def test_a_receipt_that_names_no_message_is_told_at_once_as_it_came_and_logged_without_its_text(
    platform: Platform, operators: Operators, connector: ConnectorProcess, command: str
):
    raw = f"00,0210021543,0210021500,,447887123456,10110200000000,of {command}"
    smsc = operators["by-hand"]
    deliver = smsc.deliver if command == "deliver_sm" else smsc.deliver_data

    assert settled(operators, deliver(payload(raw.encode()))) == CommandStatus.ESME_ROK

    def told() -> list[Event]:
        return [event for event in platform.events(DLR, "by-hand") if event.get("raw") == raw]

    (event,) = wait_until(told, SETTLED_S, "the receipt")
    names = ("message_id", "smsc_message_id", "status", "stat", "final", "done_at")
    assert {name: event[name] for name in names} == {
        "message_id": "",
        "smsc_message_id": "",
        "status": "UNKNOWN",
        "stat": "",
        "final": False,
        "done_at": None,
    }
    assert "447887123456" not in connector.log_file.read_text()


def test_a_message_from_a_handset_may_come_in_a_data_sm(platform: Platform, operators: Operators):
    message = payload(b"Stop", esm_class=0, source_addr="491700000044", destination_addr="12345")

    assert settled(operators, operators["by-hand"].deliver_data(message)) == CommandStatus.ESME_ROK
    (event,) = platform.wait_for("sms.mo.inbound", "by-hand")
    assert (event["from"], event["to"], event["text"]) == ("491700000044", "12345", "Stop")


@pytest.mark.parametrize("esm_class", [0x08, 0x10, 0x18], ids=["delivery ack", "user ack", "conversation abort"])
def test_what_is_no_receipt_is_a_message_from_a_handset(platform: Platform, operators: Operators, esm_class: int):
    text = f"id:1 stat:DELIVRD of {esm_class}"
    operators["by-hand"].deliver(ShortMessage(esm_class=esm_class, short_message=text.encode()))

    wait_until(
        lambda: [event for event in platform.events("sms.mo.inbound", "by-hand") if event["text"] == text],
        SETTLED_S,
        "the message",
    )
