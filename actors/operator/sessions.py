"""The sessions of one operator as actors: started, fed, retired, as the failover policy wants them."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from actors.names import session_name
from actors.runtime.body import Body
from actors.runtime.lanes import LaneClient
from config.operators import OperatorConfig
from core.failover import FailoverPolicy, Move, SessionSlot
from core.operator_changes import changes
from core.traffic import LastWords, Traffic
from messages.control import Reconfigure, SessionAssignment
from messages.lanes import SubmitBatch

SESSION_ACTOR = "actors.session.actor.SessionActor"
RENEWED_WITHIN_S = 15.0  # then the next one is renewed all the same
RETIRE_S = 20.0  # for the answers that a session still waits for; above any response timer


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
        self._retiring: set[str] = set()
        self.policy = FailoverPolicy(len(operator.endpoints), operator.bind.sessions, operator.timers.failback_after_s)

    def configure(self, operator: OperatorConfig) -> Move | None:
        """New settings: sessions take them over in place, and where that can't be, bind anew one after the other."""
        change = changes(self._operator, operator)
        self._operator = operator
        for name, slot in self._slots.items():
            self._body.children[name].argument = SessionAssignment(operator, slot.endpoint)
            self._body.tell_child(name, Reconfigure(operator))
        to_renew = [name for name, slot in self._slots.items() if slot.endpoint in change.rebind]
        if to_renew:
            self._body.spawn(self._renew(to_renew))
        timers = operator.timers
        return self.policy.reconfigure(len(operator.endpoints), operator.bind.sessions, timers.failback_after_s)

    def slot(self, name: str) -> SessionSlot:
        return self._slots[name]

    def is_retiring(self, name: str) -> bool:
        """It ends because it is not wanted any more, or to be bound anew."""
        return name in self._retiring

    def reconcile(self) -> None:
        """Start what is wanted and does not run; let finish and end what runs and is not wanted."""
        wanted = {self._name(slot): slot for slot in self.policy.wanted()}
        for name, slot in wanted.items():
            if name not in self._slots:
                self._start(name, slot)
        for name in set(self._slots) - set(wanted) - self._retiring:
            self._retiring.add(name)
            self._body.spawn(self._retire(name))

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
        self._body.start_child(SESSION_ACTOR, name, SessionAssignment(self._operator, slot.endpoint))

    async def _renew(self, names: list[str]) -> None:
        """One after the other, so that where there are several the operator stays bound."""
        for name in sorted(names):
            if name in self._slots and name not in self._retiring:
                self._retiring.add(name)
                await self._retire(name)
                await self._body.reach(partial(self._is_bound, name), time.monotonic() + RENEWED_WITHIN_S)

    async def _retire(self, name: str) -> None:
        await self._body.drain_children([name], time.monotonic() + RETIRE_S)
        self._body.stop_child(name)
        self._close_lane(name)
        self._traffic.remove_session(name, time.monotonic())
        del self._slots[name]
        self._retiring.discard(name)
        self.reconcile()

    def _name(self, slot: SessionSlot) -> str:
        return session_name(self._operator.operator_id, slot.endpoint, slot.index)

    def _is_bound(self, name: str) -> bool:
        session = self._traffic.sessions.get(name)
        return session is None or session.bound

    def _close_lane(self, name: str) -> None:
        lane = self._lanes.pop(name, None)
        if lane is not None:
            lane.close()
