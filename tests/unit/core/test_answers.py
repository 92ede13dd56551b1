"""What a command_status means for a message."""

import pytest

from core.answers import Action, action_of
from smpp.constants import CommandStatus as Status


@pytest.mark.parametrize(
    ("command_status", "action"),
    [
        (Status.ESME_ROK, Action.ACCEPT),
        (Status.ESME_RTHROTTLED, Action.SLOW_DOWN),
        (Status.ESME_RMSGQFUL, Action.SLOW_DOWN),
        (Status.ESME_RSYSERR, Action.RETRY),
        (Status.ESME_RSUBMITFAIL, Action.RETRY),
        (Status.ESME_RINVBNDSTS, Action.RETRY),
        (Status.ESME_RX_T_APPN, Action.RETRY),
        (Status.ESME_RX_P_APPN, Action.REFUSE),
        (Status.ESME_RINVDSTADR, Action.REFUSE),
        (Status.ESME_RINVSRCADR, Action.REFUSE),
        (0x400, Action.REFUSE),
        (0xFFFFFFFF, Action.REFUSE),
    ],
)
def test_each_status_has_one_action_and_an_unknown_one_is_a_refusal(command_status: int, action: Action):
    assert action_of(command_status) is action
