"""What a command_status means for a message, by the table and by what an operator says differently."""

from typing import Any

import msgspec
import pytest

from config.answers import Action
from config.operators import OperatorConfig
from core.answers import ACTIONS, Answers
from smpp.constants import CommandStatus as Status

ENDPOINTS = [{"host": "smsc", "port": 2775}]


def operator(answers: Any) -> OperatorConfig:
    """As it comes from the operator-management-service."""
    return msgspec.convert({"operator_id": "mno", "endpoints": ENDPOINTS, "answers": answers}, OperatorConfig)


def test_every_status_of_the_specification_has_its_action():
    assert set(ACTIONS) == set(map(int, Status))


@pytest.mark.parametrize(
    ("command_status", "action"),
    [
        (Status.ESME_ROK, Action.ACCEPTED),
        (Status.ESME_RTHROTTLED, Action.RETRY_BIND),
        (Status.ESME_RMSGQFUL, Action.RETRY_BIND),
        (Status.ESME_RSYSERR, Action.RETRY_ELSEWHERE),
        (Status.ESME_RSUBMITFAIL, Action.RETRY_ELSEWHERE),
        (Status.ESME_RX_T_APPN, Action.RETRY_ELSEWHERE),
        (Status.ESME_RINVBNDSTS, Action.OPERATOR_TROUBLE),
        (Status.ESME_RINVSYSID, Action.OPERATOR_TROUBLE),
        (Status.ESME_RX_P_APPN, Action.REFUSED),
        (Status.ESME_RINVDSTADR, Action.REFUSED),
        (Status.ESME_RINVSRCADR, Action.REFUSED),
        (0x400, Action.REFUSED),
        (0xFFFFFFFF, Action.REFUSED),
    ],
)
def test_each_status_has_one_action_and_an_unknown_one_is_a_refusal(command_status: int, action: Action):
    assert Answers({}).action_of(command_status) is action


@pytest.mark.parametrize("name", ["ESME_RSUBMITFAIL", "0x00000045", "0x45", "69"])
def test_an_operator_may_mean_something_else_by_a_status(name: str):
    answers = Answers(operator({name: "refused", "0x0000045B": "operator_trouble"}).answers_by_status())

    assert [answers.action_of(status) for status in (Status.ESME_RSUBMITFAIL, 0x45B, Status.ESME_RSYSERR)] == [
        Action.REFUSED,
        Action.OPERATOR_TROUBLE,
        Action.RETRY_ELSEWHERE,
    ]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (
            {"ESME_RNOSUCH": "refused"},
            "answers: 'ESME_RNOSUCH' is no command_status, write its name in SMPP 3.4 or its number, e.g. 0x0000045b",
        ),
        (
            {"0x100000000": "refused", "": "refused"},
            "answers: '0x100000000' is no command_status, write its name in SMPP 3.4 or its number, e.g. 0x0000045b; "
            "'' is no command_status, write its name in SMPP 3.4 or its number, e.g. 0x0000045b",
        ),
        (
            {"0x0": "refused"},
            "answers: ESME_ROK is always accepted: to send such a message again would double it",
        ),
        (
            {"0x45": "accepted"},
            "answers: ESME_RSUBMITFAIL cannot be accepted: an error carries no message_id to wait for",
        ),
        (
            {"0x45": "refused", "ESME_RSUBMITFAIL": "retry_bind"},
            "answers: one command_status stands there twice, by name and by number",
        ),
        ({"0x45": "ignore"}, "Invalid enum value 'ignore' - at `$.answers[...]`"),
    ],
)
def test_answers_that_cannot_be_are_refused_with_the_reason(answers: dict[str, str], reason: str):
    with pytest.raises(msgspec.ValidationError) as refused:
        operator(answers)

    assert str(refused.value) == reason
