"""Which endpoint carries the traffic: hears of the sessions, keeps the failover policy's time, tells each move."""

import asyncio
import time
from collections.abc import Callable

from actors.operator.sessions import SETTINGS_CHANGED, SessionSet
from actors.runtime.alarm import Alarm
from config.operators import OperatorConfig
from core.failover import Move
from core.traffic import Traffic
from messages.control import SessionUnbound

RENEWAL_S = 2.0  # for a session to be bound anew by new settings; only what takes longer, or fails, is told

BOUND = "bound"
ANSWERS_AGAIN = "the preferred endpoint answers again"
PROCESS_ENDED = "session process ended"


class EndpointChoice:
    """Gives `moved` each move of the traffic and why, in words, then has the sessions started and ended that follow.

    Once it has stopped, the sessions end in whatever order: the traffic does not follow them, and none is started.
    """

    def __init__(self, traffic: Traffic, sessions: SessionSet, moved: Callable[[Move, str], None]) -> None:
        self._traffic = traffic
        self._sessions = sessions
        self._policy = sessions.policy
        self._moved = moved
        self._probing = Alarm(self._ask_probe)
        self._stopped = False
        self.active: int | None = None
        """The number of the endpoint that carries the traffic; None when nothing is bound."""

    def configure(self, operator: OperatorConfig) -> None:
        self._follow(self._sessions.configure(operator), SETTINGS_CHANGED)

    def stop(self) -> None:
        """The sessions are about to be drained for good."""
        self._stopped = True
        self._probing.cancel()

    def stopped(self, reason: str) -> None:
        """They have ended, or their time is up."""
        if self.active is not None:
            self._tell(Move(self.active, None), reason)

    def failback_in_s(self, now: float) -> float | None:
        """Seconds until a better endpoint, which is bound again, is asked to take over; None: there is none."""
        deadline = self._policy.next_deadline()
        return None if deadline is None else round(max(0.0, deadline - now), 1)

    # What becomes of the sessions.

    def bound(self, name: str, mode: str) -> None:
        self._traffic.session_bound(name, mode)
        slot = self._sessions.slot(name)
        self._follow(self._policy.bound(slot.endpoint, slot.index, time.monotonic()), BOUND)

    def unbound(self, told: SessionUnbound) -> None:
        self._traffic.session_unbound(told.name, told.reason)
        renewal = self._sessions.why_renewed(told.name)
        if renewal is not None:
            asyncio.get_running_loop().call_later(RENEWAL_S, self._renewal_overdue, told.name, renewal)
        elif told.endpoint_failed:
            self._failed(told.name, told.reason)
        else:
            self._released(told.name, told.reason)

    def died(self, name: str) -> None:
        """The process of a session is gone."""
        self._failed(name, PROCESS_ENDED)

    def answered(self, name: str) -> None:
        """The SMSC, when a probe asked it."""
        slot = self._sessions.slot(name)
        self._follow(self._policy.answered(slot.endpoint, slot.index, time.monotonic()), ANSWERS_AGAIN)

    def _failed(self, name: str, reason: str) -> None:
        slot = self._sessions.slot(name)
        self._follow(self._policy.unbound(slot.endpoint, slot.index), reason)

    def _released(self, name: str, reason: str) -> None:
        slot = self._sessions.slot(name)
        self._follow(self._policy.released(slot.endpoint, slot.index), reason)

    def _renewal_overdue(self, name: str, reason: str) -> None:
        session = self._traffic.sessions.get(name)
        if session is not None and not session.bound:
            self._released(name, reason)

    # What follows.

    def _follow(self, move: Move | None, reason: str) -> None:
        if self._stopped:
            return
        if move is not None:
            self._tell(move, reason)
        self._sessions.reconcile()
        self._look_again()

    def _tell(self, move: Move, reason: str) -> None:
        self.active = move.to_endpoint
        self._traffic.carry_over(move.to_endpoint)
        self._moved(move, reason)

    def _look_again(self) -> None:
        """When the time of a probe has come; its answer, or its loss, is told."""
        self._probing.cancel()
        deadline = self._policy.next_deadline()
        if deadline is not None:
            self._probing.set(deadline)

    def _ask_probe(self) -> None:
        slot = self._policy.probe_to_ask(time.monotonic())
        if slot is not None:
            self._sessions.ask(slot)
        else:
            self._look_again()
