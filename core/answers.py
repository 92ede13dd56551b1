"""What a command_status of a submit_sm_resp means for the message: one table. Source: SMPP 3.4, 5.1.3.

docs/answers.md says the same to people, and is tested against it.
"""

from collections.abc import Mapping

from config.answers import Action
from smpp.constants import CommandStatus as Status

_BY_ACTION = {
    Action.ACCEPTED: (Status.ESME_ROK,),
    Action.RETRY_BIND: (Status.ESME_RTHROTTLED, Status.ESME_RMSGQFUL),
    Action.RETRY_ELSEWHERE: (Status.ESME_RSYSERR, Status.ESME_RSUBMITFAIL, Status.ESME_RX_T_APPN),
    # Answers that belong to a bind: as answers to a submit_sm they say that this login may not submit here and now.
    Action.OPERATOR_TROUBLE: (
        Status.ESME_RINVCMDID,
        Status.ESME_RINVBNDSTS,
        Status.ESME_RALYBND,
        Status.ESME_RBINDFAIL,
        Status.ESME_RINVPASWD,
        Status.ESME_RINVSYSID,
        Status.ESME_RINVSYSTYP,
    ),
}

ACTIONS = {
    **{int(status): Action.REFUSED for status in Status},
    **{int(status): action for action, statuses in _BY_ACTION.items() for status in statuses},
}
"""Of every command_status of SMPP 3.4."""


class Answers:
    """The table of one operator."""

    def __init__(self, differences: Mapping[int, Action]) -> None:
        self._actions = {**ACTIONS, **differences}

    def action_of(self, command_status: int) -> Action:
        """What to do; a status that no table knows is a refusal."""
        return self._actions.get(command_status, Action.REFUSED)
