"""SessionActor: one bind. Orders become submit_sm, answers go to the CorrelationWriter, receipts to the publisher."""

import asyncio
import itertools
import logging
import time
from typing import TYPE_CHECKING, Any

from actors.clients.management import management_client
from actors.names import CORRELATION_WRITER, RECEIPT_PUBLISHER
from actors.runtime.base import BaseActor
from actors.runtime.body import Body, Figures, Shell
from actors.runtime.lanes import Delivery, LaneClient
from actors.session.link import SmppLink
from actors.session.links import BindFailed, SessionLinks
from actors.session.reports import SubmitReports
from adapters.operator_management import OperatorManagementUnavailable, OperatorUnknown
from adapters.telemetry import metrics
from adapters.telemetry.logs import log_event
from config.operators import Endpoint, OperatorConfig
from core.backoff import Backoff
from core.inbound import InboundReader
from messages.control import Bind, SessionBound, SessionUnbound, Start
from messages.lanes import Accepted, AcceptedBatch, InboundBatch, InboundSettled, SubmitBatch, SubmitOrder, Unsubmitted
from smpp.constants import CommandStatus, status_name
from smpp.events import (
    DeliverReceived,
    EnquireLinkAnswered,
    Event,
    LateAnswer,
    LinkSilent,
    PduRefused,
    SubmitAnswered,
    SubmitTimedOut,
)
from smpp.message_id import IdRules
from smpp.text import Encoding

if TYPE_CHECKING:
    from prometheus_client import Counter

SETTLE_TIMEOUT_S = 8.0  # a delivery not safe by then is refused: below the response timers of SMSCs
SETTLE_CHECK_S = 1.0
UNBIND_S = 2.0  # of the time for a stop, kept for the unbind
PROVEN_BIND_S = 30.0  # a bind that lasted so long starts the backoff anew

log = logging.getLogger(__name__)


class SessionBody(Body):
    """Keeps one session bound to the endpoint it is told, and carries its messages."""

    def __init__(self, start: Start, shell: Shell) -> None:
        super().__init__(start, shell)
        self._operator: OperatorConfig = start.argument
        self._operator_id = self._operator.operator_id
        self._links = SessionLinks(self._operator, self._received, self._lost)
        ids = self._operator.message_id
        self._reader = InboundReader(
            self._operator_id,
            IdRules(ids.submit_resp, ids.receipt),
            Encoding(self._operator.default_alphabet.value),
        )
        timers = self._operator.timers
        self._backoff = Backoff(timers.reconnect_min_s, timers.reconnect_max_s)
        self._endpoint = 0
        self._bound = False
        self._bound_at = 0.0
        self._last_error = ""
        self._retry_at = 0.0
        self._unbound = asyncio.Event()
        self._binding: asyncio.Task[None] | None = None
        self._reports = SubmitReports(self._operator.session_window())
        self._keys = itertools.count(1)
        self._unsettled: dict[int, tuple[SmppLink, DeliverReceived, float]] = {}

    async def run(self) -> None:
        self._management = management_client()
        self._writer = LaneClient(self.lane_of(CORRELATION_WRITER), retain=True)
        self._publisher = LaneClient(self.lane_of(RECEIPT_PUBLISHER), self._settled, retain=True)
        self._writer.start()
        self._publisher.start()
        self._submits_accepted = self._count_submits(CommandStatus.ESME_ROK)
        self._submit_seconds = metrics.histogram("smpp_submit_sm_seconds", operator=self._operator_id)
        self._window_in_use = metrics.gauge("smpp_window_in_use", operator=self._operator_id, session=self.name)
        self._show_state()
        self.spawn(self._refuse_unsafe())

    def receive_fact(self, message: Any, child: str | None) -> None:
        if isinstance(message, Bind) and self._binding is None:
            self._endpoint = message.endpoint
            self._binding = self.spawn(self._stay_bound())

    # The bind.

    async def _stay_bound(self) -> None:
        while not self.draining:
            try:
                await self._bind(self._operator.endpoints[self._endpoint])
            except BindFailed as error:
                self._bind_failed(str(error), error.result)
            except (OperatorManagementUnavailable, OperatorUnknown) as error:
                self._bind_failed(f"no credentials: {error}", "no credentials")
            else:
                await self._unbound.wait()
            await self._wait_before_retry()

    async def _bind(self, endpoint: Endpoint) -> None:
        credentials = await self._management.fetch_credentials(self._operator_id)
        await self._links.bind(endpoint, credentials)
        self._bound, self._bound_at, self._last_error = True, time.monotonic(), ""
        self._unbound.clear()
        metrics.counter("smpp_binds_total", operator=self._operator_id, result=CommandStatus.ESME_ROK.name).inc()
        log_event(log, logging.INFO, "session_bound", mode=self._links.mode, **self._where())
        self.tell_parent(SessionBound(self.name, self._endpoint, self._links.mode))
        self._show_state()

    def _bind_failed(self, reason: str, result: str) -> None:
        self._last_error = reason
        metrics.counter("smpp_binds_total", operator=self._operator_id, result=result).inc()
        log_event(log, logging.WARNING, "bind_failed", reason, **self._where())
        self.tell_parent(SessionUnbound(self.name, reason))

    async def _wait_before_retry(self) -> None:
        if self.draining:
            return
        if self._bound_at and time.monotonic() - self._bound_at > PROVEN_BIND_S:
            self._backoff.reset()
        self._bound_at = 0.0
        delay_s = self._backoff.next_s()
        self._retry_at = time.monotonic() + delay_s
        metrics.counter("smpp_reconnects_total", operator=self._operator_id).inc()
        await asyncio.sleep(delay_s)

    def _lost(self, reason: str) -> None:
        self._bound, self._last_error = False, reason
        self._unsettled.clear()
        self._hand_back_open_submits()
        self._show_state()
        log_event(log, logging.WARNING, "session_unbound", reason, **self._where())
        self.tell_parent(SessionUnbound(self.name, reason))
        self._unbound.set()

    def _hand_back_open_submits(self) -> None:
        if self._links.transmitter is not None:
            for order in self._links.transmitter.connection.unanswered():
                assert isinstance(order, SubmitOrder)
                self._reports.returned(order.key, Unsubmitted.UNKNOWN)
        self._reports.flush()

    # Orders from the operator.

    def deliver(self, deliveries: list[Delivery]) -> None:
        for connection, _number, message in deliveries:
            if isinstance(message, SubmitBatch):
                self._reports.report_to(connection)
                self._submit(message.orders)

    def _submit(self, orders: list[SubmitOrder]) -> None:
        link = self._links.transmitter if self._bound else None
        now = time.monotonic()
        for index, order in enumerate(orders):
            if link is None or not link.connection.free_slots:
                for unsent in orders[index:]:
                    self._reports.returned(unsent.key, Unsubmitted.NOT_SENT)
                self._reports.flush()
                break
            link.connection.submit(order.body, order, now)
        if link is not None:
            link.flush()
        self._window_in_use.set(self._in_flight())

    # What the SMSC says.

    def _received(self, link: SmppLink, events: list[Event]) -> None:
        accepted: list[Accepted] = []
        deliveries: list[DeliverReceived] = []
        at = time.time()
        for event in events:
            if isinstance(event, SubmitAnswered):
                self._answered(event, accepted, at)
            elif isinstance(event, DeliverReceived):
                deliveries.append(event)
            else:
                self._other(link, event, accepted, at)
        if accepted:
            self._submits_accepted.inc(len(accepted))
            self._writer.send(AcceptedBatch(accepted))
        if deliveries:
            self._pass_on(link, deliveries, at)
        self._window_in_use.set(self._in_flight())
        self._reports.flush_soon()

    def _answered(self, event: SubmitAnswered, accepted: list[Accepted], at: float) -> None:
        order = event.key
        assert isinstance(order, SubmitOrder)
        self._submit_seconds.observe(event.took_s)
        if event.command_status == CommandStatus.ESME_ROK:
            accepted.append(Accepted(event.smsc_message_id, at - event.took_s, order.context))
            self._reports.accepted(order.key)
        else:
            self._count_submits(event.command_status).inc()
            self._reports.refused(order.key, event.command_status)

    def _other(self, link: SmppLink, event: Event, accepted: list[Accepted], at: float) -> None:
        if isinstance(event, SubmitTimedOut):
            assert isinstance(event.key, SubmitOrder)
            self._reports.returned(event.key.key, Unsubmitted.UNKNOWN)
        elif isinstance(event, LateAnswer):
            self._late(event, accepted, at)
        elif isinstance(event, LinkSilent):
            link.abort("enquire_link not answered")
        elif isinstance(event, EnquireLinkAnswered):
            metrics.histogram("smpp_enquire_link_seconds", operator=self._operator_id).observe(event.took_s)
        elif isinstance(event, PduRefused):
            log_event(log, logging.WARNING, "pdu_refused", event.reason, **self._where())

    def _late(self, event: LateAnswer, accepted: list[Accepted], at: float) -> None:
        """Its order went back as unknown long ago; the id is still worth knowing, its receipt will name it."""
        if event.command_status == CommandStatus.ESME_ROK and isinstance(event.key, SubmitOrder):
            accepted.append(Accepted(event.smsc_message_id, at, event.key.context))

    # Receipts and messages from handsets.

    def _pass_on(self, link: SmppLink, deliveries: list[DeliverReceived], received_at: float) -> None:
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        items = []
        for delivery in deliveries:
            key = next(self._keys)
            self._unsettled[key] = (link, delivery, deadline)
            items.append(self._reader.read(delivery.message, key, received_at))
        self._publisher.send(InboundBatch(items))

    def _settled(self, reply: Any) -> None:
        if isinstance(reply, InboundSettled):
            self._answer(reply.safe, CommandStatus.ESME_ROK)
            self._answer(reply.refused, CommandStatus.ESME_RX_T_APPN)

    def _answer(self, keys: list[int], command_status: CommandStatus) -> None:
        links = set()
        for key in keys:
            waiting = self._unsettled.pop(key, None)
            if waiting is not None:
                link, delivery, _deadline = waiting
                link.connection.answer(delivery.sequence_number, delivery.command_id, command_status)
                links.add(link)
        for link in links:
            link.flush()

    async def _refuse_unsafe(self) -> None:
        """Neither published nor stored in time: the SMSC is to send them again."""
        while True:
            await asyncio.sleep(SETTLE_CHECK_S)
            now = time.monotonic()
            late = [key for key, (_link, _delivery, deadline) in self._unsettled.items() if deadline < now]
            if late:
                log_event(log, logging.WARNING, "deliveries_refused", "not safe in time", count=len(late))
                self._answer(late, CommandStatus.ESME_RX_T_APPN)

    # Stopping and looking.

    async def drain(self, deadline: float) -> None:
        """No new submits come; wait for the answers that are due, keep answering receipts, then unbind."""
        if self._bound:
            await self.reach(lambda: not self._in_flight(), deadline - UNBIND_S)
            self._bound = False
            await self.reach(lambda: not self._unsettled, deadline - UNBIND_S)
            await self._links.unbind(UNBIND_S / 2)
            self._hand_back_open_submits()
            self._show_state()
            self.tell_parent(SessionUnbound(self.name, "stopped"))
        elif self._binding is not None:
            self._binding.cancel()
        await self.reach(lambda: not self._writer.unconfirmed and not self._publisher.unconfirmed, deadline)

    def _in_flight(self) -> int:
        transmitter = self._links.transmitter
        return transmitter.connection.in_flight if transmitter is not None else 0

    def _count_submits(self, command_status: int) -> "Counter":
        name = status_name(command_status)
        return metrics.counter("smpp_submit_sm_total", operator=self._operator_id, command_status=name)

    def _show_state(self) -> None:
        role = self._operator.endpoints[self._endpoint].role.value
        gauge = metrics.gauge("smpp_session_state", operator=self._operator_id, session=self.name, endpoint=role)
        gauge.set(int(self._bound))

    def _where(self) -> dict[str, str]:
        endpoint = self._operator.endpoints[self._endpoint]
        return {
            "operator_id": self._operator_id,
            "session": self.name,
            "endpoint": endpoint.role.value,
            "address": f"{endpoint.host}:{endpoint.port}",
        }

    def figures(self) -> Figures:
        now = time.monotonic()
        return {
            **self._where(),
            "bound": self._bound,
            "mode": self._links.mode if self._bound else "",
            "window": self._operator.session_window(),
            "window_in_use": self._in_flight(),
            "deliveries_unsettled": len(self._unsettled),
            "last_error": self._last_error,
            "retry_in_s": round(max(0.0, self._retry_at - now), 1) if not self._bound else 0,
            "unconfirmed": self._writer.unconfirmed + self._publisher.unconfirmed,
        }


class SessionActor(BaseActor):
    body_class = SessionBody
