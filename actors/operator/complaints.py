"""What the SMSC of an operator complains of, in the log: a bind that is throttled all day is one story."""

import logging
from collections.abc import Iterable

from adapters.telemetry.event_limiter import EventLimiter
from config.answers import Action
from core.traffic import Complaint
from smpp.constants import status_name


class ComplaintLog:
    """Few lines a minute for each session and kind."""

    def __init__(self, operator_id: str) -> None:
        self._operator_id = operator_id
        self._limiter = EventLimiter(logging.getLogger(__name__))

    def write(self, complaints: Iterable[Complaint]) -> None:
        for complaint in complaints:
            name = status_name(complaint.command_status)
            fields = {"operator_id": self._operator_id, "session": complaint.session}
            if complaint.action is Action.OPERATOR_TROUBLE:
                self._limiter.log(logging.ERROR, "operator_trouble", name, key=complaint.session, **fields)
            else:
                self._limiter.log(logging.WARNING, "bind_throttled", name, key=complaint.session, **fields)

    def flush(self) -> None:
        """Say how much was left out; to be called now and then."""
        self._limiter.flush()
