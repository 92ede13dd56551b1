"""What a session tells its OperatorActor of its orders, gathered so that not every answer wakes a process."""

import asyncio

from actors.runtime.lanes import LaneConnection
from messages.lanes import Refusal, Return, SubmitReport, Unsubmitted

GATHER_S = 0.05
GATHER_SHARE = 0.25  # of the window: answered orders block slots, so a busy session reports at once


class SubmitReports:
    """Collects outcomes; refusals and returns go out at once, acceptances within 50 ms or a quarter of the window."""

    def __init__(self, window: int) -> None:
        self._most_gathered = max(1, int(window * GATHER_SHARE))
        self._connection: LaneConnection | None = None
        self._accepted: list[int] = []
        self._refused: list[Refusal] = []
        self._returned: list[Return] = []
        self._timer: asyncio.TimerHandle | None = None

    def report_to(self, connection: LaneConnection) -> None:
        self._connection = connection

    def accepted(self, key: int) -> None:
        self._accepted.append(key)

    def refused(self, key: int, command_status: int) -> None:
        self._refused.append(Refusal(key, command_status))

    def returned(self, key: int, why: Unsubmitted) -> None:
        self._returned.append(Return(key, why))

    def flush_soon(self) -> None:
        if self._refused or self._returned or len(self._accepted) >= self._most_gathered:
            self.flush()
        elif self._accepted and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self.flush)

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._connection is None or not (self._accepted or self._refused or self._returned):
            return
        self._connection.send(SubmitReport(self._accepted, self._refused, self._returned))
        self._accepted, self._refused, self._returned = [], [], []
