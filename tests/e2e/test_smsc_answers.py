"""What becomes of a message that the SMSC does not take at once: slower, later, elsewhere, or never."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from platform_side import Event, Platform
from simulated_operator import SimulatedOperator
from waiting import wait_until

LOAD = 60  # messages
LIMIT_TPS = 20
IN_THE_END_S = 60.0

OPERATORS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "narrow": ({"tps": 200}, {"tps_limit": LIMIT_TPS}),
    "congested": ({"tps": 200}, {"tps_limit": 3, "throttle_status": "ESME_RMSGQFUL"}),
    "own-rules": ({"answers": {"ESME_RSYSERR": "refused", "0x45B": "retry_elsewhere"}, "retry": {"attempts": 2}}, {}),
    "in-trouble": ({"retry": {"age_s": 3}}, {"error_percent": 100, "error_status": "ESME_RINVBNDSTS"}),
}
"""OperatorConfig and character of each, where they differ from the usual."""

_numbers = count(10)

Operators = dict[str, SimulatedOperator]


@pytest.fixture(scope="module")
def operators(loop: BackgroundLoop) -> Iterator[Operators]:
    with ExitStack() as running:
        yield {
            operator_id: running.enter_context(SimulatedOperator(loop, operator_id, config, **traits))
            for operator_id, (config, traits) in OPERATORS.items()
        }


@pytest.fixture
def number() -> str:
    """A destination that no other test uses."""
    return f"+491520000{next(_numbers)}"


def end(event: Event) -> tuple[str, str, str]:
    return event["status"], event["stat"], event["error_code"]


def test_at_an_smsc_that_takes_less_than_agreed_the_bind_is_slowed_down_and_every_message_arrives_once(
    platform: Platform, operators: Operators, connector: ConnectorProcess
):
    message_ids = [platform.dispatch("narrow", text=f"#{index}") for index in range(LOAD)]

    assert connector.running_node("operator@narrow", slowed_sessions=1)
    for message_id in message_ids:
        platform.final_event(message_id, IN_THE_END_S)
    report = operators["narrow"].report()
    assert set(report["submits"]["by_status"]) == {"ESME_ROK", "ESME_RTHROTTLED"}
    assert report["submits"]["by_status"]["ESME_ROK"] == LOAD
    assert platform.final_counts("narrow") == Counter(message_ids)
    assert {line["message"] for line in connector.events("bind_throttled") if line["operator_id"] == "narrow"} == {
        "ESME_RTHROTTLED"
    }


def test_of_a_long_message_only_the_refused_parts_are_sent_again_and_as_they_were(
    platform: Platform, operators: Operators, number: str
):
    message_id = platform.dispatch("congested", to=number, text="0123456789" * 100)

    assert platform.final_event(message_id, IN_THE_END_S)["message_status"] == "DELIVERED"
    smsc = operators["congested"]
    answers = smsc.answers_to(number)
    accepted = [one.message.short_message for one in answers if one.smsc_message_id]
    assert len(accepted) == len(set(accepted)) == 7
    assert {one.message.short_message for one in answers} == set(accepted)
    assert len({one.sequence_number for one in answers}) == len(answers) > len(accepted)


def test_a_passing_fault_is_tried_again_until_the_smsc_takes_the_message(
    platform: Platform, operators: Operators, number: str
):
    operators["own-rules"].change(prefix_statuses=f"{number[1:]}=0x45B")
    message_id = platform.dispatch("own-rules", to=number)
    wait_until(lambda: operators["own-rules"].submitted_to(number), IN_THE_END_S, "a refusal")
    operators["own-rules"].change(prefix_statuses="")

    assert end(platform.final_event(message_id, IN_THE_END_S)) == ("DELIVERED", "DELIVRD", "000")
    assert len(operators["own-rules"].submitted_to(number)) == 2


@pytest.mark.parametrize(
    ("status", "submits", "told"),
    [
        ("ESME_RSYSERR", 1, ("REJECTED", "0x00000008", "ESME_RSYSERR")),
        ("0x45B", 2, ("REJECTED", "0x0000045b", "0x0000045b")),
    ],
    ids=["refused by the rule of the operator", "given up after its attempts"],
)
def test_a_message_that_the_smsc_never_takes_ends_with_its_code(
    platform: Platform, operators: Operators, number: str, status: str, submits: int, told: tuple[str, str, str]
):
    operators["own-rules"].change(prefix_statuses=f"{number[1:]}={status}")
    message_id = platform.dispatch("own-rules", to=number)

    assert end(platform.final_event(message_id, IN_THE_END_S)) == told
    assert len(operators["own-rules"].submitted_to(number)) == submits


def test_trouble_of_an_operator_is_an_error_in_the_log_and_ends_its_messages_by_their_age(
    platform: Platform, connector: ConnectorProcess, number: str
):
    message_id = platform.dispatch("in-trouble", to=number)

    told = end(platform.final_event(message_id, IN_THE_END_S))
    assert told == ("REJECTED", "0x00000004", "ESME_RINVBNDSTS")
    assert {(line["level"], line["message"]) for line in connector.events("operator_trouble")} == {
        ("ERROR", "ESME_RINVBNDSTS")
    }
