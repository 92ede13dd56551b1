"""OperatorActor: one operator's traffic. Demand goes up to the router, orders go down to the sessions.

What to do is decided in core/ (traffic, failover, demand, permits, health); this is their mailbox, lanes and clock.
"""

import asyncio
import time
from typing import Any

import msgspec

from actors.names import CORRELATION_WRITER, HEALTH_PUBLISHER
from actors.operator.arrivals import Arrivals
from actors.operator.complaints import ComplaintLog
from actors.operator.endpoints import PROCESS_ENDED, EndpointChoice
from actors.operator.health import HealthReporter
from actors.operator.history import OperatorHistory
from actors.operator.last_words import LastWordsReader
from actors.operator.permits import PermitSource
from actors.operator.sessions import SessionSet
from actors.operator.spans import QueueSpans
from actors.runtime.alarm import Alarm
from actors.runtime.base import BaseActor
from actors.runtime.body import Body, Child, Figures, Shell
from actors.runtime.lanes import Delivery, LaneClient, LaneConnection
from adapters.telemetry import metrics
from config.operators import OperatorConfig
from core.demand import DemandCount
from core.failover import Move
from core.traffic import Traffic
from messages.control import (
    CheckCredentials,
    CredentialsChanged,
    PeerAnswered,
    Reconfigure,
    SessionBound,
    SessionUnbound,
    Start,
    TransceiverUnknown,
)
from messages.lanes import (
    ActorState,
    Concluded,
    ConcludedBatch,
    Conclusion,
    Demand,
    DispatchBatch,
    GivenBack,
    RedisNews,
    StatusReply,
    StillHeld,
    SubmitBatch,
    SubmitOrder,
    SubmitReport,
    UnansweredBatch,
    Unsubmitted,
)

HOLD_CHECK_S = 2.0
KEPT_AFTER_S = 2.0  # what is held for longer is told to JetStream at each check; most messages never are
STALLED_S = 5.0  # without a check: what waits here may have been delivered to another replica after its ack_wait
BETWEEN_ENDPOINTS_S = 2.0  # traffic waits so long for another endpoint to be bound, then it goes back to JetStream

CREDENTIALS_CHANGED = "credentials changed"
STOPPED = "stopped"


class OperatorBody(Body):
    """Wires one operator's traffic to its router, sessions, throttle and the writers."""

    def __init__(self, start: Start, shell: Shell) -> None:
        super().__init__(start, shell)
        self._operator: OperatorConfig = start.argument
        self._operator_id = self._operator.operator_id
        self._traffic = Traffic(self._operator)
        self._arrivals = Arrivals(self._operator, self._traffic)
        self._complaints = ComplaintLog(self._operator_id)
        self._demand = DemandCount(self._operator.tps)
        self._permits = PermitSource(self._operator, self._pump, lambda: self._traffic.can_carry, self._tell_others)
        self._sessions = SessionSet(self, self._operator, self._traffic, self._reported)
        self._endpoints = EndpointChoice(self._traffic, self._sessions, self._moved)
        self._history = OperatorHistory(self._operator, HOLD_CHECK_S)
        self._router: LaneConnection | None = None
        self._fresh_demand = True
        self._checked_at = time.monotonic()
        self._pause = Alarm(self._pump)
        self._spans = QueueSpans(self._tracer) if self._tracer is not None else None

    async def run(self) -> None:
        self._writer = LaneClient(self.lane_of(CORRELATION_WRITER), self._arrivals.answered, retain=True)
        self._arrivals.open(self._writer, self.spawn, self._pump)
        self._last_words = LastWordsReader(self._operator_id, self._writer)
        health_lane = LaneClient(self.lane_of(HEALTH_PUBLISHER), retain=True)
        self._writer.start()
        self._health = HealthReporter(self._operator, health_lane, self._session_counts)
        health_lane.start()
        self._unknown = metrics.counter("smpp_submits_unknown_total", operator=self._operator_id)
        self._unknown.inc(self._last_words.of_predecessors())
        self._show_limit()
        await self._permits.start()
        self.spawn(self._permits.keep_in_touch())
        self._sessions.reconcile()
        self.spawn(self._check_holds())

    # From the router.

    def deliver(self, deliveries: list[Delivery]) -> None:
        for connection, _number, message in deliveries:
            if isinstance(message, DispatchBatch):
                self._greet(connection)
                self._demand.arrived(len(message.items))
                self._arrivals.take(message.items)
            elif isinstance(message, RedisNews):
                self.spawn(self._permits.heard(answers=message.answers))
        self._pump()

    def producer_gone(self, connection: LaneConnection) -> None:
        if connection is self._router:
            self._router = None

    def _greet(self, connection: LaneConnection) -> None:
        if connection is not self._router:
            self._router = connection
            self._demand.withdrawn()
            self._fresh_demand = True

    # To the sessions.

    def _pump(self) -> None:
        now = time.monotonic()
        self._notice_stall(now)
        wanted = min(self._traffic.waiting, self._traffic.free_slots(now))
        permits = self._permits.available(wanted, now)
        if permits:
            self._hand_out(permits, now)
        self._pass_on_conclusions()
        self._ask_for_more(now)
        self._pump_after(self._traffic.held_back_s(now))

    def _hand_out(self, permits: int, now: float) -> None:
        wall_now = time.time()
        for name, orders in self._traffic.assign(permits, now, wall_now).items():
            write_by = self._permits.spend(len(orders), now)
            self._history.rate.add(len(orders))
            submits = [
                SubmitOrder(order.key, order.body, order.encoded_context, order.published_at) for order in orders
            ]
            if self._spans is not None:
                submits = self._spans.handed_out(submits, orders, name, now)
            batch = SubmitBatch(submits, write_by)
            if not self._sessions.send(name, batch):
                self._traffic.not_handed_over(name, orders)

    def _ask_for_more(self, now: float) -> None:
        if self._router is None or self.draining or not self._traffic.can_carry:
            return
        waiting = self._traffic.waiting + self._arrivals.waiting
        count = self._demand.more(self._traffic.free_slots(now), waiting)
        if count:
            self._router.send(Demand(count, self._fresh_demand))
            self._fresh_demand = False

    def _withdraw_demand(self) -> None:
        self._demand.withdrawn()
        if self._router is not None:
            self._router.send(Demand(0, reset=True))

    def _pass_on_conclusions(self) -> None:
        unanswered = self._traffic.take_unanswered()
        if unanswered:
            self._writer.send(UnansweredBatch(unanswered))
        concluded = self._traffic.take_concluded()
        if concluded:
            self._writer.send(ConcludedBatch(concluded))
            self._tell_router_of(concluded)
        unknown, self._traffic.unknown_outcomes = self._traffic.unknown_outcomes, 0
        self._unknown.inc(unknown)

    def _tell_router_of(self, concluded: list[Concluded]) -> None:
        back = [one.context.reply for one in concluded if one.conclusion is Conclusion.GIVE_BACK]
        if back and self._router is not None:
            self._router.send(GivenBack(back))

    def _tell_others(self, answers: bool) -> None:
        if self._router is not None:
            self._router.send(RedisNews(answers))

    # From the sessions.

    def _reported(self, name: str, report: Any) -> None:
        if isinstance(report, SubmitReport):
            self._traffic.reported(name, report, time.monotonic())
            if any(back.why is Unsubmitted.TOO_LATE for back in report.returned):
                self._permits.came_late()
            self._complaints.write(self._traffic.take_complaints())
            self._pump()

    def _pump_after(self, pause_s: float) -> None:
        if pause_s:
            self._pause.set(time.monotonic() + pause_s)

    def child_started(self, child: Child) -> None:
        self._sessions.started(child.name)

    def child_died(self, child: Child) -> None:
        self._history.session_died(child.name, PROCESS_ENDED)
        self._sessions.died(child.name, self._last_words.of_session(child.name))
        self._endpoints.died(child.name)

    def receive_fact(self, message: Any, child: str | None) -> None:
        match message:
            case SessionBound(name, mode):
                self._history.session_bound(message)
                self._endpoints.bound(name, mode)
            case SessionUnbound():
                self._history.session_unbound(message)
                self._endpoints.unbound(message)
            case PeerAnswered(name):
                self._endpoints.answered(name)
            case TransceiverUnknown(name, at):
                self._sessions.transceiver_unknown(name, at)
            case CheckCredentials():
                self._sessions.check_credentials()
            case CredentialsChanged(name):
                self._sessions.renew(name, CREDENTIALS_CHANGED)
            case Reconfigure(operator):
                self._reconfigure(operator)
        self._pump()

    def _moved(self, move: Move, reason: str) -> None:
        """The traffic has left one endpoint for another, or for none."""
        self._health.moved(move, reason)
        self._history.moved(move, reason)
        if move.to_endpoint is None:
            self._withdraw_demand()
            asyncio.get_running_loop().call_later(BETWEEN_ENDPOINTS_S, self._give_back_if_unbound)
        self._pump()

    def _give_back_if_unbound(self) -> None:
        if not self._traffic.can_carry:
            self._traffic.give_back_waiting()
            self._pass_on_conclusions()

    # Live changes, stopping, holding, looking.

    def _reconfigure(self, operator: OperatorConfig) -> None:
        """Each change touches only what it must: rules at once, sessions where a bind or a link has changed."""
        self._operator = operator
        self._traffic.configure(operator)
        self._arrivals.configure(operator)
        self._permits.configure(operator)
        self._demand.configure(operator.tps)
        self._health.configure(operator)
        self._history.configure(operator)
        self._endpoints.configure(operator)
        self._show_limit()

    async def _check_holds(self) -> None:
        while True:
            await asyncio.sleep(HOLD_CHECK_S)
            self._complaints.flush()
            now = time.monotonic()
            self._history.rate.close_span(now)
            self._notice_stall(now)
            self._checked_at = now
            self._traffic.give_back_old(now)
            self._pass_on_conclusions()
            self._keep_held(now - KEPT_AFTER_S)

    def _keep_held(self, since: float) -> None:
        held = self._traffic.held_since_before(since) + self._arrivals.held_since_before(since)
        if held and self._router is not None:
            self._router.send(StillHeld(held))

    def _notice_stall(self, now: float) -> None:
        """This process, or its machine, has stood still."""
        if now - self._checked_at > STALLED_S:
            self._traffic.drop_waiting()

    async def drain(self, deadline: float) -> None:
        self._endpoints.stop()
        self._withdraw_demand()
        self._arrivals.give_back()
        self._traffic.give_back_waiting()
        self._pass_on_conclusions()
        await self.drain_children(self.children, deadline)
        self._traffic.give_back_waiting()
        self._pass_on_conclusions()
        self._endpoints.stopped(STOPPED)
        await self.reach(lambda: not self._writer.unconfirmed and not self._health.unconfirmed, deadline)

    def status(self) -> StatusReply:
        """An operator that can't send is no sight for a green dump."""
        status = super().status()
        if status.state is ActorState.RUNNING and self._endpoints.active is None:
            return msgspec.structs.replace(status, state=ActorState.DEGRADED)
        return status

    def _show_limit(self) -> None:
        metrics.gauge("smpp_tps_limit", operator=self._operator_id).set(self._operator.tps)

    def _session_counts(self) -> tuple[int, int]:
        return self._traffic.bound, self._operator.bind.sessions

    def figures(self) -> Figures:
        bound, configured = self._session_counts()
        active = self._endpoints.active
        return {
            "operator_id": self._operator_id,
            "operator_name": self._operator.name,
            "health": self._health.state,
            "health_since": self._health.since,
            "endpoint": self._operator.endpoints[active].role.value if active is not None else "",
            "address": self._operator.endpoints[active].address if active is not None else "",
            "failback_in_s": self._endpoints.failback_in_s(time.monotonic()),
            "sessions_bound": bound,
            "sessions_configured": configured,
            "queue": self._traffic.waiting,
            "demand": self._demand.outstanding,
            "window": sum(session.window for session in self._traffic.sessions.values()),
            "window_in_use": self._traffic.in_hand,
            "slowed_sessions": self._traffic.slowed_sessions(),
            "tps_limit": self._operator.tps,
            "tps_used": round(self._permits.used_tps(time.monotonic()), 1),
            "throttle": self._permits.state,
            "unconfirmed": self._writer.unconfirmed,
            **self._history.figures(),
        }


class OperatorActor(BaseActor):
    body_class = OperatorBody
