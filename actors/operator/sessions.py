"""The sessions of one operator as actors: started, fed, renewed and retired, as the failover policy wants them."""

import logging
import time
from collections.abc import Callable
from typing import Any

from actors.names import session_name
from actors.runtime.body import Body
from actors.runtime.lanes import LaneClient
from adapters.telemetry.logs import log_event
from config.operators import OperatorConfig
from core.failover import FailoverPolicy, Move, SessionSlot
from core.operator_changes import changes
from core.renewals import Renewals
from core.traffic import LastWords, Traffic
from messages.control import AskPeer, CheckCredentials, Reconfigure, SessionAssignment
from messages.lanes import SubmitBatch

SESSION_ACTOR = "actors.session.actor.SessionActor"
RETIRE_SLACK_S = 10.0  # beyond response_s, in which every answer has come or will not: for receipts and the unbind

SETTINGS_CHANGED = "settings changed"
NOT_WANTED = "not wanted"

log = logging.getLogger(__name__)


class SessionSet:
    """Holds the difference between the sessions that are wanted and those that run, and works it off."""

    def __init__(
        self, body: Body, operator: OperatorConfig, traffic: Traffic, reported: Callable[[str, Any], None]
    ) -> None:
        self._body = body
        self._operator = operator
        self._traffic = traffic
        self._reported = reported
        self._slots: dict[str, SessionSlot] = {}
        self._lanes: dict[str, LaneClient] = {}
        self._leaving: dict[str, str] = {}
        self._renewals = Renewals()
        self._transceiver_refused_at: dict[int, float] = {}
        self.policy = FailoverPolicy(len(operator.endpoints), operator.bind.sessions, operator.timers.failback_after_s)

    def configure(self, operator: OperatorConfig) -> Move | None:
        """New settings: sessions take them over in place, and where that can't be, are renewed."""
        change = changes(self._operator, operator)
        self._operator = operator
        for endpoint in change.rebind | change.removed:
            self._transceiver_refused_at.pop(endpoint, None)
        for name in self._staying():
            self._body.children[name].argument = self._assignment(name)
            self._body.tell_child(name, Reconfigure(operator))
            if self._slots[name].endpoint in change.rebind:
                self._renewals.want(name, SETTINGS_CHANGED)
        timers = operator.timers
        return self.policy.reconfigure(len(operator.endpoints), operator.bind.sessions, timers.failback_after_s)

    def check_credentials(self) -> None:
        """Each session knows by which it was bound, and tells when there are newer ones."""
        for name in self._staying():
            self._body.tell_child(name, CheckCredentials())

    def transceiver_unknown(self, name: str, at: float) -> None:
        """The SMSC of this session does not know bind_transceiver: to be known by each that is started there."""
        if name not in self._staying() or self._renewals.concern(name):
            return  # it may have been another SMSC
        endpoint = self._slots[name].endpoint
        self._transceiver_refused_at[endpoint] = at
        for other in self._staying():
            if self._slots[other].endpoint == endpoint:
                self._body.children[other].argument = self._assignment(other)

    def renew(self, name: str, reason: str) -> None:
        """Let it be bound anew, when it is its turn."""
        self._renewals.want(name, reason)
        self.reconcile()

    def why_renewed(self, name: str) -> str | None:
        """In words, for a session of the endpoint in use that leaves to be bound anew; None for others."""
        slot = self._slots[name]
        is_renewed = slot in self.policy.wanted() and slot.endpoint == self.policy.active
        return self._leaving.get(name) if is_renewed else None

    def reconcile(self) -> None:
        """Start what is wanted and does not run; let finish and end what runs and is not wanted; renew."""
        if self._body.draining:
            return
        wanted = {self._name(slot): slot for slot in self.policy.wanted()}
        for name, slot in wanted.items():
            if name not in self._slots:
                self._start(name, slot)
        for name in self._slots.keys() - wanted.keys() - self._leaving.keys():
            self._retire(name, NOT_WANTED)
        bound = {name: session.bound for name, session in self._traffic.sessions.items()}
        while renewal := self._renewals.next(bound, frozenset(self._leaving)):
            where = {"operator_id": self._operator.operator_id, "session": renewal.session}
            log_event(log, logging.INFO, "session_renewal", renewal.reason, **where)
            self._retire(*renewal)

    # One of them.

    def slot(self, name: str) -> SessionSlot:
        return self._slots[name]

    def ask(self, probe: SessionSlot) -> None:
        """Let it ask its SMSC whether it lives. One that is leaving may have no link any more."""
        name = self._name(probe)
        if name not in self._leaving:
            self._body.tell_child(name, AskPeer())

    def send(self, name: str, batch: SubmitBatch) -> bool:
        lane = self._lanes.get(name)
        return lane is not None and lane.send(batch)

    def started(self, name: str) -> None:
        """Its process runs: connect to its lane."""
        lane = LaneClient(self._body.lane_of(name), lambda report: self._reported(name, report))
        lane.start()
        self._lanes[name] = lane

    def died(self, name: str, last_words: LastWords | None) -> None:
        """Its process is gone, and is started anew by the supervision."""
        self._close_lane(name)
        self._traffic.session_lost(name, time.monotonic(), last_words)

    def _start(self, name: str, slot: SessionSlot) -> None:
        self._slots[name] = slot
        self._traffic.add_session(name, slot.endpoint)
        self._body.start_child(SESSION_ACTOR, name, self._assignment(name))

    def _retire(self, name: str, reason: str) -> None:
        self._leaving[name] = reason
        self._body.spawn(self._end(name))

    async def _end(self, name: str) -> None:
        """One that is still wanted, or wanted again, is then started with the newest settings."""
        deadline = time.monotonic() + self._operator.timers.response_s + RETIRE_SLACK_S
        await self._body.drain_children([name], deadline)
        await self._body.end_child(name)
        self._close_lane(name)
        self._traffic.remove_session(name, time.monotonic())
        self._renewals.forget(name)
        del self._slots[name], self._leaving[name]
        self.reconcile()

    def _staying(self) -> set[str]:
        return self._slots.keys() - self._leaving.keys()

    def _assignment(self, name: str) -> SessionAssignment:
        """As of now, also for the processes that are started anew in its place."""
        endpoint = self._slots[name].endpoint
        return SessionAssignment(self._operator, endpoint, self._transceiver_refused_at.get(endpoint))

    def _name(self, slot: SessionSlot) -> str:
        return session_name(self._operator.operator_id, slot.endpoint, slot.index)

    def _close_lane(self, name: str) -> None:
        lane = self._lanes.pop(name, None)
        if lane is not None:
            lane.close()
