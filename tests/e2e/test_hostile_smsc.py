"""An SMSC that means harm: a clear line in the log, bounded memory, and no other operator notices."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import count

import psutil
import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess, nodes_of
from platform_side import HEALTH, Platform
from simulated_operator import QUICK_RECONNECT, SimulatedOperator
from waiting import wait_until

from smpp.constants import MAX_PDU_BYTES, CommandId, CommandStatus
from smpp.hot import ShortMessage, encode_short_message, header, pdu

NOTICED_S = 20.0
MOST_GROWTH_BYTES = 48 * 1024 * 1024  # 8 MiB of deliveries and what a read or two bring
MOST_LINES = 20  # the event limiter lets 5 of one event pass in a minute
MEANWHILE = 5  # messages of another operator during a flood
PDUS_OF_A_WRITE = 5000  # at most
UNASKED = 5_000_000  # sequence_number; ours begin at 1
RECEIPT = 0x04  # esm_class
IMPATIENT = {"timers": {"enquire_link_s": 0.5, "response_s": 2.0, **QUICK_RECONNECT}}

OPERATORS: Mapping[str, Mapping[str, object]] = {
    "calm": {},
    "breaking": {},
    "answering": {},
    "babbling": {},
    "fattening": {},
    "dripping": IMPATIENT,
}
"""OperatorConfig of each, where it differs from the usual."""


@pytest.fixture(scope="module")
def operators(loop: BackgroundLoop) -> Iterator[Mapping[str, SimulatedOperator]]:
    with ExitStack() as running:
        yield {
            name: running.enter_context(SimulatedOperator(loop, name, config, is_tapped=False))
            for name, config in OPERATORS.items()
        }


@pytest.fixture(autouse=True)
def nobody_else_notices(platform: Platform, connector: ConnectorProcess) -> Iterator[None]:
    """Whatever a test does to one operator."""
    connector.first_session("calm", bound=True)
    health = platform.wait_for(HEALTH, "calm")
    yield
    pass_one(platform, "calm")
    assert platform.events(HEALTH, "calm") == health
    assert [node["name"] for node in nodes_of(connector.tree()) if node["restarts"]] == []
    assert [line for line in connector.log if line["level"] in ("ERROR", "CRITICAL")] == []


def resident_bytes(connector: ConnectorProcess, operator_id: str) -> int:
    """Of the session's process."""
    resident: int = psutil.Process(connector.first_session(operator_id, bound=True)["pid"]).memory_info().rss
    return resident


def lines_of(connector: ConnectorProcess, event: str, operator_id: str) -> list[str]:
    return [line["message"] for line in connector.events(event) if line["operator_id"] == operator_id]


def await_line(connector: ConnectorProcess, event: str, operator_id: str, message: str) -> None:
    wait_until(lambda: message in lines_of(connector, event, operator_id), NOTICED_S, f"{event}: {message}")


def pass_one(platform: Platform, operator_id: str) -> None:
    platform.final_event(platform.dispatch(operator_id))


def messages_pass(platform: Platform, connector: ConnectorProcess, operator_id: str) -> None:
    connector.first_session(operator_id, bound=True)
    pass_one(platform, operator_id)


# Streams that cannot be read.

STREAMS = {
    "garbage": (b"\x8f" * 5000, "command_length 0x8f8f8f8f is outside 16..65536"),
    "an answer of a web server": (
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        "command_length 0x48545450 is outside 16..65536",
    ),
    "length zero": (bytes(MAX_PDU_BYTES), "command_length 0x0 is outside 16..65536"),
    "length without end": (b"\xff" * 16, "command_length 0xffffffff is outside 16..65536"),
    "length just too large": (
        header(CommandId.DELIVER_SM, 0, 1, MAX_PDU_BYTES),
        "command_length 0x10010 is outside 16..65536",
    ),
}


@pytest.mark.parametrize(("octets", "fault"), STREAMS.values(), ids=STREAMS)
def test_a_stream_that_cannot_be_read_ends_the_link_and_a_new_one_is_bound(
    connector: ConnectorProcess,
    platform: Platform,
    operators: Mapping[str, SimulatedOperator],
    octets: bytes,
    fault: str,
):
    connector.first_session("breaking", bound=True)
    operators["breaking"].act("garbage", data=octets.hex())

    await_line(connector, "session_unbound", "breaking", f"unreadable stream: {fault}")
    messages_pass(platform, connector, "breaking")


def test_a_pdu_that_comes_octet_by_octet_and_never_ends_costs_its_link_alone(
    connector: ConnectorProcess, platform: Platform, operators: Mapping[str, SimulatedOperator]
):
    connector.first_session("dripping", bound=True)
    operators["dripping"].act("garbage", data=header(CommandId.DELIVER_SM, 0, UNASKED, 60_000).hex())

    def drip() -> list[str]:
        operators["dripping"].act("garbage", data="00")
        return lines_of(connector, "session_unbound", "dripping")

    assert "enquire_link not answered" in wait_until(drip, NOTICED_S, "the link ended")
    messages_pass(platform, connector, "dripping")


# Floods.


def unasked(number: int) -> bytes:
    """Answers to nothing, of every kind in turn."""
    kinds = (
        pdu(CommandId.SUBMIT_SM_RESP, CommandStatus.ESME_ROK, UNASKED + number, b"4711\0"),
        pdu(CommandId.SUBMIT_SM_RESP, CommandStatus.ESME_RSYSERR, UNASKED + number),
        pdu(CommandId.ENQUIRE_LINK_RESP, CommandStatus.ESME_ROK, UNASKED + number),
        pdu(CommandId.BIND_TRANSCEIVER_RESP, CommandStatus.ESME_ROK, UNASKED + number, b"smsc\0"),
        pdu(CommandId.UNBIND_RESP, CommandStatus.ESME_ROK, UNASKED + number),
        pdu(CommandId.GENERIC_NACK, CommandStatus.ESME_RUNKNOWNERR, UNASKED + number),
    )
    return kinds[number % len(kinds)]


def unknown(number: int) -> bytes:
    """Requests that SMPP 3.4 does not have, or that an SMSC does not make."""
    commands = (0x7FFFFFFF, CommandId.SUBMIT_SM, CommandId.BIND_RECEIVER, 0x00010000)
    return pdu(commands[number % len(commands)], 0, UNASKED + number, bytes(16))


def fat(number: int) -> bytes:
    """Receipts with a TLV of 60,000 octets that nobody knows, for messages that nobody knows."""
    tlvs = ((0x1500, bytes(60_000)),)
    body = ShortMessage(esm_class=RECEIPT, short_message=b"id:%d stat:DELIVRD" % number, tlvs=tlvs)
    return pdu(CommandId.DELIVER_SM, 0, UNASKED + number, encode_short_message(body))


def flood(
    operator: SimulatedOperator, make: Callable[[int], bytes], writes: int, meanwhile: Callable[[], None]
) -> None:
    """So many writes of 64 KiB, as fast as the SMSC can."""
    for number in range(writes):
        operator.act("garbage", data=a_write(make, number).hex())
        if number % (writes // MEANWHILE) == 0:
            meanwhile()


def a_write(make: Callable[[int], bytes], first: int) -> bytes:
    """As many of these PDUs as fit into 64 KiB."""
    made = bytearray()
    numbers = count(first * PDUS_OF_A_WRITE)
    while len(made) + len(one := make(next(numbers))) <= MAX_PDU_BYTES:
        made += one
    return bytes(made)


FLOODS = {"answering": (unasked, "answers nothing that waits"), "babbling": (unknown, "not taken in state bound_trx")}


@pytest.mark.parametrize(("operator_id", "make", "fault"), [(name, *flood) for name, flood in FLOODS.items()])
def test_more_than_ten_thousand_senseless_pdus_a_second_cost_little_memory_and_few_lines(
    connector: ConnectorProcess,
    platform: Platform,
    operators: Mapping[str, SimulatedOperator],
    operator_id: str,
    make: Callable[[int], bytes],
    fault: str,
):
    before = resident_bytes(connector, operator_id)
    flood(operators[operator_id], make, 50, lambda: pass_one(platform, "calm"))
    messages_pass(platform, connector, operator_id)

    lines = lines_of(connector, "pdu_refused", operator_id)
    assert resident_bytes(connector, operator_id) - before < MOST_GROWTH_BYTES
    assert (set(lines), len(lines) <= MOST_LINES) == ({fault}, True)
    assert lines_of(connector, "session_unbound", operator_id) == []


def test_deliveries_of_120_megabytes_that_wait_for_their_answer_are_not_all_held(
    connector: ConnectorProcess, platform: Platform, operators: Mapping[str, SimulatedOperator]
):
    before = resident_bytes(connector, "fattening")
    flood(operators["fattening"], fat, 2000, lambda: pass_one(platform, "calm"))
    messages_pass(platform, connector, "fattening")

    assert resident_bytes(connector, "fattening") - before < MOST_GROWTH_BYTES
    assert lines_of(connector, "session_unbound", "fattening") == []
