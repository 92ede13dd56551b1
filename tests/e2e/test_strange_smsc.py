"""What an SMSC should not do: none of it may stop an actor, hold up a message, or keep a session from binding."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess, nodes_of
from platform_side import DLR, MO, Platform
from services import Services
from simulated_operator import SimulatedOperator
from waiting import wait_until

from sandbox.stack import Stack
from smpp.constants import CommandStatus, Tag
from smpp.hot import ShortMessage

SETTLED_S = 20.0
ATTEMPTS = 8  # enough for the end of a connection to come before, within and after its bind
RECEIPT = 0x04  # esm_class of a receipt
UDHI = 0x40  # esm_class of a message with a user data header
TIMES = "submit date:2601010000 done date:{} "


@pytest.fixture(scope="module")
def strange(loop: BackgroundLoop) -> Iterator[SimulatedOperator]:
    with SimulatedOperator(loop, "strange") as operator:
        yield operator


@pytest.fixture(scope="module")
def connector(services: Services, strange: SimulatedOperator) -> Iterator[ConnectorProcess]:
    with services.running(strange) as process:
        process.first_session("strange", bound=True)
        yield process


@pytest.fixture(scope="module")
def platform(loop: BackgroundLoop, stack: Stack, connector: ConnectorProcess) -> Iterator[Platform]:
    with Platform(loop, stack) as side:
        yield side


def receipt(text: str, *tlvs: tuple[int, bytes]) -> ShortMessage:
    return ShortMessage(esm_class=RECEIPT, short_message=text.encode("latin-1"), tlvs=tlvs)


def from_handset(octets: bytes, **changes: object) -> ShortMessage:
    return ShortMessage(source_addr="491700000001", destination_addr="4911", short_message=octets, **changes)


DELIVERIES = {
    "receipt without anything": receipt(""),
    "receipt with NULs in its words": receipt("id:4\x002 stat:DEL\x00IVRD err:0\x0001 text:\x00"),
    "receipt with NULs in its TLV": receipt(
        "", (Tag.RECEIPTED_MESSAGE_ID, b"4\x002\x00"), (Tag.MESSAGE_STATE, b"\x02")
    ),
    "receipt with an id that is no text": receipt("", (Tag.RECEIPTED_MESSAGE_ID, b"\xff\xfe\xfd\x00")),
    "receipt with an endless id": receipt("", (Tag.RECEIPTED_MESSAGE_ID, b"4" * 60_000)),
    "receipt with an endless stat": receipt("id:42 stat:" + "D" * 200),
    "receipt with an endless err": receipt("id:42 stat:DELIVRD err:" + "9" * 200),
    "receipt with a stat that is no text": receipt("id:42 stat:\xff\xfe err:\xff"),
    "receipt of no day": receipt(f"id:42 {TIMES.format('9999999999')}stat:DELIVRD"),
    "receipt of day zero": receipt(f"id:42 {TIMES.format('0000000000')}stat:DELIVRD"),
    "receipt with an unknown state": receipt("id:42", (Tag.MESSAGE_STATE, b"\xff")),
    "receipt with an empty state": receipt("id:42", (Tag.MESSAGE_STATE, b"")),
    "text with half a surrogate pair": from_handset(b"\xd8\x00", data_coding=8),
    "text of half a character": from_handset(b"\x04", data_coding=8),
    "text that ends in an escape": from_handset(b"abc\x1b"),
    "text of an alphabet nobody knows": from_handset(b"\x00\xff", data_coding=0xE7),
    "text of nothing": from_handset(b""),
    "header longer than the message": from_handset(b"\xff\x00\x03", esm_class=UDHI),
    "part zero of none": from_handset(b"\x05\x00\x03\x07\x00\x00a", esm_class=UDHI),
    "part five of two": from_handset(b"\x05\x00\x03\x07\x02\x05a", esm_class=UDHI),
    "address that is no text": ShortMessage(source_addr="\xff\xfe", destination_addr="\xe9", short_message=b"a"),
}


@pytest.mark.parametrize("delivery", DELIVERIES.values(), ids=DELIVERIES)
def test_a_strange_delivery_is_settled_and_stops_nobody(
    platform: Platform, connector: ConnectorProcess, strange: SimulatedOperator, delivery: ShortMessage
):
    sequence_number = strange.deliver(delivery)
    platform.final_event(platform.dispatch("strange"))

    assert strange.answer_to(sequence_number, SETTLED_S) == CommandStatus.ESME_ROK
    assert [node["name"] for node in nodes_of(connector.tree()) if node["restarts"]] == []
    assert connector.events("actor_bug") == []


def test_a_part_that_can_never_be_put_together_is_no_event(platform: Platform):
    assert [event["segments"] for event in platform.events(MO, "strange") if event["segments"] != 1] == []


def test_a_receipt_for_a_message_that_nobody_knows_ends_no_message(platform: Platform):
    assert [event for event in platform.events(DLR, "strange") if not event["message_id"] and event["final"]] == []


def test_a_session_binds_in_the_end_where_every_connection_was_closed_at_once(services: Services, loop: BackgroundLoop):
    with ExitStack() as running:
        operator = running.enter_context(SimulatedOperator(loop, "closing", listener="closed"))
        process = running.enter_context(services.running(operator))
        wait_until(lambda: len(process.events("bind_failed")) >= ATTEMPTS, SETTLED_S, "attempts in vain")
        operator.change(listener="open")

        process.first_session("closing", bound=True)
