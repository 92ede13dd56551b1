"""What the log says under load: as much of five hundred messages as of ten."""

from collections.abc import Callable, Iterator

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from platform_side import DEAD, EVENT_S, Platform
from simulated_operator import SimulatedOperator
from waiting import wait_until

from sandbox.stack import Stack
from smpp.constants import CommandId
from smpp.hot import pdu

FEW, MANY = 10, 500  # messages, of each kind
MOST_LINES = 10  # of a kind that repeats, and of its summary
LOAD_S = 60.0


@pytest.fixture
def operator(loop: BackgroundLoop) -> Iterator[SimulatedOperator]:
    """A fifth of the messages is refused, and every receipt comes twice."""
    traits = {"error_percent": 20, "error_status": "ESME_RINVDSTADR", "receipt_copies": 2}
    with SimulatedOperator(loop, "noisy", {"tps": 2000}, is_tapped=False, **traits) as running:
        yield running


def send(platform: Platform, operator: SimulatedOperator, count: int) -> None:
    """So many messages, dispatches that are none, and answers to nothing; returns when all has come to its end."""
    answer_to_nothing = pdu(CommandId.SUBMIT_SM_RESP, 0, 0x70000000, b"1\0")
    already_dead = len(platform.events(DEAD, "noisy"))
    message_ids = [platform.dispatch("noisy") for _ in range(count)]
    for _ in range(count):
        platform.publish("noisy", b"no dispatch")
        operator.act("garbage", data=answer_to_nothing.hex())
    for message_id in message_ids:
        platform.final_event(message_id, LOAD_S)
    platform.wait_for(DEAD, "noisy", already_dead + count, LOAD_S)
    wait_until(lambda: platform.unsettled("noisy") == 0, EVENT_S, "every dispatch acknowledged")


def test_the_log_does_not_grow_with_the_messages(
    stack: Stack, loop: BackgroundLoop, service: Callable[..., ConnectorProcess], operator: SimulatedOperator
):
    connector = service(operator)
    with Platform(loop, stack) as platform:
        send(platform, operator, FEW)
        before = connector.log
        send(platform, operator, MANY)
        after = connector.log[len(before) :]

    assert [line["event"] for line in before if line["level"] == "INFO"] == ["service_started", "session_bound"]
    assert [line for line in after if line["level"] == "INFO"] == []
    assert len(after) <= MOST_LINES
    assert {line["event"] for line in (*before, *after) if line["level"] != "INFO"} == {"pdu_refused"}
