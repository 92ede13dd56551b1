"""What an operator's answers to a submit_sm mean where they differ from the table in core/answers.py."""

from collections.abc import Mapping
from enum import Enum

from smpp.constants import CommandStatus, status_name

MAX_COMMAND_STATUS = 0xFFFFFFFF


class Action(Enum):
    """What a command_status makes of the message; values are the names in an operator's settings."""

    ACCEPTED = "accepted"
    RETRY_BIND = "retry_bind"  # the bind pauses and slows down, then the same segment is tried on it again
    RETRY_ELSEWHERE = "retry_elsewhere"  # a passing fault: later, on whichever bind of whichever replica
    REFUSED = "refused"  # for good: no other attempt can succeed
    OPERATOR_TROUBLE = "operator_trouble"  # the SMSC or our account is not in order: any message would be answered so


def actions_by_status(answers: Mapping[str, Action]) -> dict[int, Action]:
    """The settings of `answers` by number. Raises ValueError, with every problem, in one line."""
    problems = [problem for name, action in answers.items() if (problem := _problem(name, action))]
    actions = {_number(name): action for name, action in answers.items() if not problems}
    if len(actions) < len(answers) and not problems:
        problems.append("one command_status stands there twice, by name and by number")
    if problems:
        raise ValueError("answers: " + "; ".join(problems))
    return actions


def _problem(name: str, action: Action) -> str:
    try:
        number = _number(name)
    except ValueError:
        return f"{name!r} is no command_status, write its name in SMPP 3.4 or its number, e.g. 0x0000045b"
    if number == CommandStatus.ESME_ROK:
        return "ESME_ROK is always accepted: to send such a message again would double it"
    if action is Action.ACCEPTED:
        return f"{status_name(number)} cannot be accepted: an error carries no message_id to wait for"
    return ""


def _number(name: str) -> int:
    if name in CommandStatus.__members__:
        return CommandStatus[name]
    number = int(name, 0)
    if not 0 <= number <= MAX_COMMAND_STATUS:
        raise ValueError("no command_status")
    return number
