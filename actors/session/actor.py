"""SessionActor: wires one session's binding, submits and deliveries to its lanes and its OperatorActor."""

import asyncio
import logging
import time
from typing import Any

from actors.names import CORRELATION_WRITER, RECEIPT_PUBLISHER
from actors.runtime.base import BaseActor
from actors.runtime.body import Body, Figures, Shell
from actors.runtime.lanes import Delivery, LaneClient
from actors.session.deliveries import DeliveryPath
from actors.session.keeper import STOPPED, BindKeeper
from actors.session.link import SmppLink
from actors.session.links import SessionLinks
from actors.session.submits import SubmitPath
from adapters.telemetry import metrics
from adapters.telemetry.event_limiter import EventLimiter
from core.bind_lease import WAITING
from core.bind_modes import BindModes
from core.wall_clock import rfc3339
from messages.control import (
    AskPeer,
    CheckCredentials,
    CredentialsChanged,
    PeerAnswered,
    Reconfigure,
    SessionAssignment,
    SessionBound,
    SessionUnbound,
    Start,
    TransceiverUnknown,
)
from messages.lanes import SubmitBatch
from smpp.events import DeliverReceived, EnquireLinkAnswered, Event, LinkSilent, PduRefused

LOG_FLUSH_S = 60.0


class SessionBody(Body):
    """Keeps one session bound to its endpoint, and carries its messages."""

    def __init__(self, start: Start, shell: Shell) -> None:
        super().__init__(start, shell)
        assignment: SessionAssignment = start.argument
        self._operator = assignment.operator
        self._endpoint = assignment.operator.endpoints[assignment.endpoint]
        modes = BindModes(self._operator.bind.mode, assignment.transceiver_refused_at)
        self._links = SessionLinks(self._operator, modes, self._received, lambda reason: self._keeper.lost(reason))
        self._log = EventLimiter(logging.getLogger(__name__))  # an SMSC that errs does so thousands of times a second
        self._keeper = BindKeeper(assignment, self.name, self._links, self, self.spawn)

    async def run(self) -> None:
        self._deliveries = DeliveryPath(self._operator)
        self._writer = LaneClient(self.lane_of(CORRELATION_WRITER), retain=True)
        self._publisher = LaneClient(self.lane_of(RECEIPT_PUBLISHER), self._deliveries.settled, retain=True)
        self._deliveries.publish_to(self._publisher)
        self._submits = SubmitPath(self._operator, self.name, self._writer, self._open_transmitter)
        self._writer.start()
        self._publisher.start()
        self._show_state()
        self.spawn(self._keeper.credentials.watch())
        self.spawn(self._keeper.run())
        self.spawn(self._flush_log())

    def deliver(self, deliveries: list[Delivery]) -> None:
        for connection, _number, message in deliveries:
            if isinstance(message, SubmitBatch):
                self._submits.reports.report_to(connection)
                self._submits.submit(message)

    def receive_fact(self, message: Any, child: str | None) -> None:
        match message:
            case Reconfigure(operator):
                self._operator = operator
                self._deliveries.configure(operator)
                self._keeper.configure(operator)
            case CheckCredentials():
                self._keeper.credentials.check()
            case AskPeer():
                self._links.ask(time.monotonic())

    # What the SMSC says.

    def _received(self, link: SmppLink, events: list[Event]) -> None:
        at = time.time()
        self._submits.received(link, events, at)
        deliveries = [event for event in events if isinstance(event, DeliverReceived)]
        if deliveries:
            self._deliveries.received(link, deliveries, at)
        for event in events:
            self._notice(link, event)

    def _notice(self, link: SmppLink, event: Event) -> None:
        if isinstance(event, LinkSilent):
            link.abort("enquire_link not answered")
        elif isinstance(event, EnquireLinkAnswered):
            metrics.histogram("smpp_enquire_link_seconds", operator=self._operator.operator_id).observe(event.took_s)
            if self._links.has_answered(link):
                self.tell_parent(PeerAnswered(self.name))
        elif isinstance(event, PduRefused):
            self._log.log(logging.WARNING, "pdu_refused", event.reason, operator_id=self._operator.operator_id)

    async def _flush_log(self) -> None:
        while True:
            await asyncio.sleep(LOG_FLUSH_S)
            self._log.flush()

    # Of the keeper.

    def bound(self, mode: str) -> None:
        self.tell_parent(SessionBound(self.name, mode))
        self._show_state()

    def unbound(self, reason: str, *, endpoint_failed: bool) -> None:
        self.tell_parent(SessionUnbound(self.name, reason, endpoint_failed))
        self._show_state()

    def transceiver_unknown(self) -> None:
        self.tell_parent(TransceiverUnknown(self.name, time.monotonic()))

    def outdated(self) -> None:
        self.tell_parent(CredentialsChanged(self.name))

    def is_quiet(self, since: float) -> bool:
        """No submit waits for its answer, and no delivery that came before `since` (monotonic seconds): while an SMSC
        has receipts it goes on sending them."""
        return not self._in_flight() and self._deliveries.oldest_at > since

    def links_gone(self, transmitter: SmppLink | None) -> None:
        self._deliveries.forget()
        if transmitter is not None:
            self._submits.hand_back(transmitter)
        self._show_state()

    # Stopping and looking.

    async def drain(self, deadline: float) -> None:
        """No new submits come; wait for the answers that are due, keep answering receipts, then unbind."""
        await self._keeper.stop(deadline)
        await self.reach(lambda: not self._writer.unconfirmed and not self._publisher.unconfirmed, deadline)
        self._submits.end()

    def hurry(self, deadline: float) -> None:
        self._keeper.part(STOPPED, deadline)

    def _open_transmitter(self) -> SmppLink | None:
        return self._links.transmitter if self._keeper.carries(time.monotonic()) else None

    def _in_flight(self) -> int:
        transmitter = self._links.transmitter
        return transmitter.connection.in_flight if transmitter is not None else 0

    def _show_state(self) -> None:
        gauge = metrics.gauge(
            "smpp_session_state",
            operator=self._operator.operator_id,
            session=self.name,
            endpoint=self._endpoint.role.value,
        )
        gauge.set(int(self._keeper.is_bound))
        waiting = metrics.gauge("smpp_session_waiting", operator=self._operator.operator_id, session=self.name)
        waiting.set(int(self._keeper.lease == WAITING))

    def figures(self) -> Figures:
        return {
            "endpoint": self._endpoint.role.value,
            "address": self._endpoint.address,
            "bound": self._keeper.is_bound,
            "bound_since": rfc3339(self._keeper.bound_since),
            "mode": self._links.mode if self._keeper.is_bound else "",
            "window": self._operator.session_window(),
            "window_in_use": self._in_flight(),
            "deliveries_unsettled": self._deliveries.unsettled,
            "credentials_version": self._keeper.credentials.version,
            "last_error": self._keeper.last_error,
            "retry_in_s": round(self._keeper.retry_in_s, 1),
            "lease": self._keeper.lease,
            "unconfirmed": self._writer.unconfirmed + self._publisher.unconfirmed,
        }


class SessionActor(BaseActor):
    body_class = SessionBody
