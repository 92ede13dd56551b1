"""Two replicas with a bind each: what the SMSC says on one of them about what the other sent, and of what it cut up."""

import signal
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from fleet import Fleet
from platform_side import DLR, MO, Platform
from services import Services
from simulated_operator import SimulatedOperator
from waiting import wait_until

from sandbox.stack import Stack

BOUND_S = 20.0
IN_THE_END_S = 60.0
MESSAGES = 60
PARTS = 6
LONG_TEXT = "0123456789" * 15 * PARTS  # 153 septets a part
PARTS_WITHIN_S = 2.0


@pytest.fixture(scope="module")
def operator(loop: BackgroundLoop) -> Iterator[SimulatedOperator]:
    """An SMSC that sends the next deliver_sm of a bind only when the one before is answered."""
    config = {"tps": 200, "mo_parts_s": PARTS_WITHIN_S}
    with SimulatedOperator(loop, "shared", config, deliver_window=1) as running:
        yield running


@pytest.fixture(scope="module")
def fleet(services: Services, stack: Stack, loop: BackgroundLoop, operator: SimulatedOperator) -> Iterator[Fleet]:
    with services.prepared() as process:
        assert process.run_command("migrate").returncode == 0
    with Fleet(stack, loop) as running:
        running.tell(operator)
        yield running


@pytest.fixture(scope="module")
def replicas(fleet: Fleet, operator: SimulatedOperator) -> list[ConnectorProcess]:
    running = fleet.start("one", "two")
    wait_for_binds(operator, 2)
    return running


@pytest.fixture(scope="module")
def platform(loop: BackgroundLoop, stack: Stack, replicas: list[ConnectorProcess]) -> Iterator[Platform]:
    with Platform(loop, stack) as side:
        yield side


def wait_for_binds(operator: SimulatedOperator, number: int) -> None:
    wait_until(lambda: operator.report()["binds"]["now"] == number, BOUND_S, f"{number} binds")


def receipts_of(replica: ConnectorProcess) -> float:
    return sum(value for name, value in replica.metrics().items() if name.startswith("smpp_receipts_total"))


def test_a_receipt_finds_its_message_on_whichever_bind_of_whichever_replica_it_comes(
    platform: Platform, replicas: list[ConnectorProcess]
):
    message_ids = [platform.dispatch("shared", text=f"#{index}") for index in range(MESSAGES)]

    for message_id in message_ids:
        assert platform.final_event(message_id, IN_THE_END_S)["status"] == "DELIVERED"
    assert platform.final_counts("shared") == Counter(message_ids)
    by_replica = [receipts_of(replica) for replica in replicas]
    assert (sum(by_replica), min(by_replica) > 0) == (MESSAGES, True)


def test_a_long_message_whose_receipts_come_at_both_replicas_has_one_verdict(platform: Platform):
    message_id = platform.dispatch("shared", text=LONG_TEXT)

    assert platform.final_event(message_id, IN_THE_END_S)["message_status"] == "DELIVERED"
    # What the other replica tells may come after the verdict.
    wait_until(lambda: len(platform.events_of(message_id)) >= PARTS, IN_THE_END_S, "an event of each part")
    events = platform.events_of(message_id)
    assert sorted(event["segment"] for event in events) == list(range(1, PARTS + 1))
    assert [event["final"] for event in events].count(True) == 1


def test_a_message_from_a_handset_is_put_together_from_parts_that_come_at_both_replicas(
    platform: Platform, operator: SimulatedOperator
):
    before = len(platform.events(MO, "shared"))
    operator.act("mo", source="491700000042", destination="12345", text=LONG_TEXT)

    *_, event = platform.wait_for(MO, "shared", before + 1)
    assert shown(event) == ("491700000042", LONG_TEXT, PARTS, None)
    assert operator.report()["mo"]["refused"] == 0


def test_a_part_whose_others_never_come_is_told_alone(platform: Platform, operator: SimulatedOperator):
    before = len(platform.events(MO, "shared"))
    operator.act("mo", source="491700000043", destination="12345", text=LONG_TEXT, parts="2,5")

    events = sorted(platform.wait_for(MO, "shared", before + 2)[before:], key=lambda event: event["segment"])
    assert list(map(shown, events)) == [
        ("491700000043", LONG_TEXT[153:306], PARTS, 2),
        ("491700000043", LONG_TEXT[612:765], PARTS, 5),
    ]
    assert {event["reference"] for event in events} == {events[0]["reference"]}


def test_receipts_for_what_dead_replicas_sent_are_matched_by_the_next(
    platform: Platform, operator: SimulatedOperator, fleet: Fleet, replicas: list[ConnectorProcess]
):
    operator.change(receipts="delayed", receipt_delay_s=3)
    message_ids = [platform.dispatch("shared", text=f"#{index}") for index in range(MESSAGES)]
    wait_until(lambda: platform.unsettled("shared") == 0, IN_THE_END_S, "correlations stored")
    told = len(platform.events(DLR, "shared"))
    for replica in replicas:
        replica.finish(signal.SIGKILL)

    fleet.start("three")
    for message_id in message_ids:
        assert platform.final_event(message_id, IN_THE_END_S)["status"] == "DELIVERED"
    assert len(platform.events(DLR, "shared")) == told + MESSAGES
    assert set(platform.final_counts("shared").values()) == {1}


def shown(event: dict[str, Any]) -> tuple[str, str, int, int | None]:
    return event["from"], event["text"], event["segments"], event.get("segment")
