"""What a command_status of a submit_sm_resp means for the message: one table. Source: SMPP 3.4, 5.1.3."""

from enum import Enum

from smpp.constants import CommandStatus as Status


class Action(Enum):
    ACCEPT = "accept"
    SLOW_DOWN = "slow down"  # the same session, after a pause of the whole session
    RETRY = "retry"  # a passing fault of the SMSC; later, on any session
    REFUSE = "refuse"  # for good: no other attempt can succeed


ACTIONS = {
    Status.ESME_ROK: Action.ACCEPT,
    Status.ESME_RTHROTTLED: Action.SLOW_DOWN,
    Status.ESME_RMSGQFUL: Action.SLOW_DOWN,
    Status.ESME_RSYSERR: Action.RETRY,
    Status.ESME_RSUBMITFAIL: Action.RETRY,
    Status.ESME_RINVBNDSTS: Action.RETRY,
    Status.ESME_RX_T_APPN: Action.RETRY,
}


def action_of(command_status: int) -> Action:
    """What to do; a status that no table knows is a refusal."""
    try:
        return ACTIONS.get(Status(command_status), Action.REFUSE)
    except ValueError:
        return Action.REFUSE
