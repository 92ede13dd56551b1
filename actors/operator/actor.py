"""OperatorActor: one operator's traffic. Demand goes up to the router, orders go down to the sessions.

What to do is decided by core.traffic, core.intake and core.demand; this is their mailbox, lanes and clock.
"""

import asyncio
import logging
import time
from typing import Any

from actors.names import CORRELATION_WRITER, HEALTH_PUBLISHER, session_name
from actors.operator.permits import PermitSource
from actors.runtime.base import BaseActor
from actors.runtime.body import Body, Child, Figures, Shell
from actors.runtime.lanes import Delivery, LaneClient, LaneConnection
from actors.runtime.surroundings import surroundings
from adapters.telemetry import metrics
from config.operators import OperatorConfig
from core.demand import DemandCount
from core.health import HealthVerdict, Transition
from core.intake import Intake
from core.preparation import Unprocessable
from core.traffic import Traffic
from core.wall_clock import rfc3339
from messages.control import Bind, SessionBound, SessionUnbound, Start
from messages.dispatch import Dispatch
from messages.events import HealthState, OperatorHealthEvent
from messages.lanes import (
    AcceptedQuery,
    AcceptedSegments,
    ConcludedBatch,
    Demand,
    DispatchBatch,
    DispatchItem,
    HealthTransition,
    SubmitBatch,
    SubmitOrder,
    SubmitReport,
)

HOLD_CHECK_S = 2.0

log = logging.getLogger(__name__)


class OperatorBody(Body):
    """Wires one operator's traffic to its router, sessions, throttle and the writers."""

    def __init__(self, start: Start, shell: Shell) -> None:
        super().__init__(start, shell)
        self._operator: OperatorConfig = start.argument
        self._operator_id = self._operator.operator_id
        names = [session_name(self._operator_id, index) for index in range(self._operator.bind.sessions)]
        self._traffic = Traffic(self._operator, names)
        self._intake = Intake(self._operator)
        self._demand = DemandCount(self._operator.tps)
        self._verdict = HealthVerdict()
        self._permits = PermitSource(self._operator, self._pump)
        self._lanes: dict[str, LaneClient] = {}
        self._router: LaneConnection | None = None
        self._queries: dict[int, list[tuple[DispatchItem, Dispatch]]] = {}
        self._pump_timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        self._writer = LaneClient(self.lane_of(CORRELATION_WRITER), self._writer_replied, retain=True)
        self._health_lane = LaneClient(self.lane_of(HEALTH_PUBLISHER), retain=True)
        self._writer.start()
        self._health_lane.start()
        self._to_submit_seconds = metrics.histogram("smpp_dispatch_to_submit_seconds", operator=self._operator_id)
        await self._permits.start()
        self._show_health()
        for name in self._traffic.sessions:
            self.start_child("actors.session.actor.SessionActor", name, self._operator)
        self.spawn(self._check_holds())

    # From the router.

    def deliver(self, deliveries: list[Delivery]) -> None:
        for connection, _number, message in deliveries:
            if isinstance(message, DispatchBatch):
                self._greet(connection)
                self._dispatched(message.items)
        self._pump()

    def producer_gone(self, connection: LaneConnection) -> None:
        if connection is self._router:
            self._router = None

    def _greet(self, connection: LaneConnection) -> None:
        if connection is not self._router:
            self._router = connection
            self._demand.withdrawn()

    def _dispatched(self, items: list[DispatchItem]) -> None:
        self._demand.arrived(len(items))
        repeated = []
        for item in items:
            try:
                dispatch = self._intake.read(item)
            except Unprocessable as error:
                self._traffic.conclude([self._intake.dead(item, str(error))])
                continue
            if item.deliveries > 1:
                repeated.append((item, dispatch))
            else:
                self._enqueue(item, dispatch, frozenset())
        if repeated:
            self._ask_what_was_accepted(repeated)

    def _enqueue(self, item: DispatchItem, dispatch: Dispatch, accepted: frozenset[int]) -> None:
        try:
            orders, concluded = self._intake.orders(item, dispatch, accepted)
        except Unprocessable as error:
            self._traffic.conclude([self._intake.dead(item, str(error))])
            return
        self._traffic.add(orders)
        self._traffic.conclude(concluded)

    def _ask_what_was_accepted(self, repeated: list[tuple[DispatchItem, Dispatch]]) -> None:
        query = next(self._intake.numbers)
        self._queries[query] = repeated
        ids = [dispatch.message_id for _item, dispatch in repeated]
        self._writer.send(AcceptedQuery(query, self._operator_id, ids))

    def _writer_replied(self, answer: Any) -> None:
        if not isinstance(answer, AcceptedSegments):
            return
        accepted: dict[str, set[int]] = {}
        for known in answer.segments:
            accepted.setdefault(known.message_id, set()).add(known.segment)
        for item, dispatch in self._queries.pop(answer.query, []):
            self._enqueue(item, dispatch, frozenset(accepted.get(dispatch.message_id, ())))
        self._pump()

    # To the sessions.

    def _pump(self) -> None:
        now = time.monotonic()
        wanted = min(self._traffic.waiting, self._traffic.free_slots(now))
        permits = self._permits.available(wanted, now)
        assigned = self._traffic.assign(permits, now, time.time()) if permits else {}
        wall_now = time.time()
        for name, orders in assigned.items():
            self._permits.spend(len(orders), now)
            metrics.observe_all(self._to_submit_seconds, [wall_now - order.published_at for order in orders])
            batch = SubmitBatch([SubmitOrder(order.key, order.body, order.encoded_context) for order in orders])
            if not self._lanes[name].send(batch):
                self._traffic.not_handed_over(name, orders)
        self._pass_on_conclusions()
        self._ask_for_more(now)

    def _ask_for_more(self, now: float) -> None:
        if self._router is None or self.draining or not self._traffic.any_bound:
            return
        reset = self._demand.outstanding == 0
        count = self._demand.more(self._traffic.free_slots(now), self._traffic.waiting + len(self._queries))
        if count:
            self._router.send(Demand(count, reset))

    def _pass_on_conclusions(self) -> None:
        concluded = self._traffic.take_concluded()
        if concluded:
            self._writer.send(ConcludedBatch(concluded))
        unknown, self._traffic.unknown_outcomes = self._traffic.unknown_outcomes, 0
        if unknown:
            metrics.counter("smpp_submits_unknown_total", operator=self._operator_id).inc(unknown)

    # From the sessions.

    def _reported(self, name: str, report: Any) -> None:
        if isinstance(report, SubmitReport):
            self._traffic.reported(name, report, time.monotonic())
            self._pump_after(self._traffic.paused_for_s(time.monotonic()))
            self._pump()

    def _pump_after(self, pause_s: float) -> None:
        if pause_s and self._pump_timer is None:
            self._pump_timer = asyncio.get_running_loop().call_later(pause_s, self._pause_over)

    def _pause_over(self) -> None:
        self._pump_timer = None
        self._pump_after(self._traffic.paused_for_s(time.monotonic()))
        self._pump()

    def child_started(self, child: Child) -> None:
        lane = LaneClient(self.lane_of(child.name), lambda report: self._reported(child.name, report))
        lane.start()
        self._lanes[child.name] = lane
        self.tell_child(child.name, Bind(0))

    def child_died(self, child: Child) -> None:
        lane = self._lanes.pop(child.name, None)
        if lane is not None:
            lane.close()
        self._traffic.session_lost(child.name)
        self._session_changed("session process ended")

    def receive_fact(self, message: Any, child: str | None) -> None:
        if isinstance(message, SessionBound):
            self._traffic.session_bound(message.name, message.endpoint, message.mode)
            self._session_changed("bound")
        elif isinstance(message, SessionUnbound):
            self._traffic.session_unbound(message.name, message.reason)
            self._session_changed(message.reason)

    def _session_changed(self, reason: str) -> None:
        if not self._traffic.any_bound:
            self._withdraw_demand()
        transition = self._verdict.sessions(self._sessions_bound(), reason)
        if transition is not None:
            self._health_lane.send(HealthTransition(self._health_event(transition)))
            self._show_health()
        self._pump()

    # Health.

    def _health_event(self, transition: Transition) -> OperatorHealthEvent:
        at = rfc3339(time.time())
        connector_id = surroundings().settings.connector_id
        return OperatorHealthEvent(
            event_id=f"{self._operator_id}.{connector_id}.{transition.state.value}.{at}",
            operator_id=self._operator_id,
            state=transition.state,
            previous_state=transition.previous_state,
            endpoint=self._operator.endpoints[self._endpoint()].role.value,
            reason=transition.reason,
            sessions_bound=self._sessions_bound(),
            sessions_configured=len(self._traffic.sessions),
            connector_id=connector_id,
            at=at,
        )

    def _show_health(self) -> None:
        is_bound = self._verdict.state is HealthState.BOUND
        metrics.gauge("smpp_operator_bound", operator=self._operator_id).set(int(is_bound))

    def _sessions_bound(self) -> int:
        return sum(session.bound for session in self._traffic.sessions.values())

    def _endpoint(self) -> int:
        return next((session.endpoint for session in self._traffic.sessions.values() if session.bound), 0)

    # Stopping, holding, looking.

    def _withdraw_demand(self) -> None:
        self._demand.withdrawn()
        if self._router is not None:
            self._router.send(Demand(0, reset=True))

    async def _check_holds(self) -> None:
        while True:
            await asyncio.sleep(HOLD_CHECK_S)
            self._traffic.give_back_old(time.monotonic())
            self._pass_on_conclusions()

    async def drain(self, deadline: float) -> None:
        self._withdraw_demand()
        self._traffic.give_back_waiting()
        self._pass_on_conclusions()
        await self.drain_children(self.children, deadline)
        self._traffic.give_back_waiting()
        self._pass_on_conclusions()
        await self.reach(lambda: not self._writer.unconfirmed, deadline)

    def figures(self) -> Figures:
        now = time.monotonic()
        return {
            "operator_id": self._operator_id,
            "health": self._verdict.state.value if self._verdict.state else "not bound yet",
            "sessions_bound": self._sessions_bound(),
            "sessions_configured": len(self._traffic.sessions),
            "queue": self._traffic.waiting,
            "demand": self._demand.outstanding,
            "window": sum(session.window for session in self._traffic.sessions.values()),
            "window_in_use": self._traffic.in_hand,
            "tps_limit": self._operator.tps,
            "tps_used": round(self._permits.used_tps(now), 1),
            "throttle": self._permits.state,
            "unconfirmed": self._writer.unconfirmed,
        }


class OperatorActor(BaseActor):
    body_class = OperatorBody
