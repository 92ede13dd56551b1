"""The way of orders through a session: submit_sm out, answers to the CorrelationWriter and back to the operator."""

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from actors.runtime.lanes import LaneClient
from actors.runtime.surroundings import surroundings
from actors.session.link import SmppLink
from actors.session.reports import SubmitReports
from actors.session.spans import SubmitSpans
from adapters.submit_journal import SubmitJournal
from adapters.telemetry import metrics, tracing
from config.operators import OperatorConfig
from core.storing import marked_context
from messages.lanes import Accepted, AcceptedBatch, SubmitBatch, SubmitOrder, Unsubmitted
from smpp.constants import CommandStatus, status_name
from smpp.events import Event, LateAnswer, SubmitAnswered, SubmitTimedOut

if TYPE_CHECKING:
    from prometheus_client import Counter


MOST_JOURNAL_SLOTS = 10_000  # 20 MiB
STORED_WITHIN_S = 5.0  # answers of so long at full TPS may wait for Postgres and still be noted


class SubmitPath:
    """transmitter: the link that may carry submits now, or None. Keys of submits are their orders."""

    def __init__(
        self, operator: OperatorConfig, session: str, writer: LaneClient, transmitter: Callable[[], SmppLink | None]
    ) -> None:
        self._operator_id = operator.operator_id
        self._writer = writer
        self._transmitter = transmitter
        self.reports = SubmitReports(operator.session_window())
        self._accepted = self._counter(CommandStatus.ESME_ROK)
        self._seconds = metrics.histogram("smpp_submit_sm_seconds", operator=operator.operator_id)
        self._since_dispatch = metrics.histogram("smpp_dispatch_to_submit_seconds", operator=operator.operator_id)
        self._window_in_use = metrics.gauge("smpp_window_in_use", operator=operator.operator_id, session=session)
        self._journal = _journal(operator, session)
        tracer = tracing.tracer()
        self._spans = SubmitSpans(tracer, session) if tracer is not None else None

    def submit(self, batch: SubmitBatch) -> None:
        """Send what the window takes, if it is not too late; the rest goes back unsent."""
        link = self._transmitter()
        written = self._write(batch, link) if link is not None else 0
        if written < len(batch.orders):
            why = Unsubmitted.TOO_LATE if time.monotonic() > batch.write_by else Unsubmitted.NOT_SENT
            self._send_back(batch.orders[written:], why)
        if link is not None:
            link.flush()
            self._window_in_use.set(link.connection.in_flight)

    def _write(self, batch: SubmitBatch, link: SmppLink) -> int:
        """How many of them, in their order."""
        written, now, wall_now = 0, time.monotonic(), time.time()
        for order in batch.orders:
            if not link.connection.free_slots or now > batch.write_by:
                break
            self._journal.written(order.key, order.context)
            sequence_number = link.connection.submit(order.body, order, now)
            if self._spans is not None and order.traceparent:
                self._spans.written(order, sequence_number, time.time())
            written += 1
        if written:
            waited_s = [wall_now - order.published_at for order in batch.orders[:written]]
            metrics.observe_all(self._since_dispatch, waited_s)
        return written

    def received(self, link: SmppLink, events: list[Event], at: float) -> None:
        """Everything that answers a submit among the events of one read. at: seconds since the epoch."""
        accepted: list[Accepted] = []
        ended: list[int] = []
        took_s: list[float] = []
        for event in events:
            if isinstance(event, SubmitAnswered):
                took_s.append(event.took_s)
                self._answered(event, accepted, ended, at)
            elif isinstance(event, SubmitTimedOut):
                ended.append(self._return(event.key))
            elif isinstance(event, LateAnswer):
                _late(event, accepted, at)
        if took_s:
            metrics.observe_all(self._seconds, took_s)
        if accepted:
            self._store(accepted)
        self._window_in_use.set(link.connection.in_flight)
        self.reports.flush_soon()
        self._journal.release(ended)

    def hand_back(self, link: SmppLink) -> None:
        """The link is gone: whether its open submits arrived is not known."""
        keys = [self._return(order) for order in link.connection.unanswered()]
        self._window_in_use.set(0)
        self.reports.flush()
        self._journal.release(keys)

    def end(self) -> None:
        """Nothing more is sent, and what was accepted is stored, or time is up."""
        self._journal.remove_if_empty()

    def _send_back(self, orders: list[SubmitOrder], why: Unsubmitted) -> None:
        for order in orders:
            self.reports.returned(order.key, why)
        self.reports.flush()

    def _answered(self, event: SubmitAnswered, accepted: list[Accepted], refused: list[int], at: float) -> None:
        order = _order(event.key)
        traceparent = self._spans.answered(order, event, at) if self._spans is not None and order.traceparent else ""
        if event.command_status == CommandStatus.ESME_ROK:
            submitted_at = at - event.took_s
            self._journal.answered(order.key, order.context, event.smsc_message_id, submitted_at)
            accepted.append(Accepted(event.smsc_message_id, submitted_at, order.context, traceparent))
            self.reports.accepted(order.key)
        else:
            self._counter(event.command_status).inc()
            self.reports.refused(order.key, event.command_status)
            refused.append(order.key)

    def _return(self, key: object) -> int:
        """Written, and not answered."""
        order = _order(key)
        if self._spans is not None and order.traceparent:
            self._spans.unanswered(order, time.time())
        self.reports.returned(order.key, Unsubmitted.UNKNOWN)
        return order.key

    def _store(self, accepted: list[Accepted]) -> None:
        self._accepted.inc(len(accepted))
        self._writer.send(AcceptedBatch(accepted), partial(self._journal.release, self._journal.take_answered()))

    def _counter(self, command_status: int) -> "Counter":
        name = status_name(command_status)
        return metrics.counter("smpp_submit_sm_total", operator=self._operator_id, command_status=name)


def _journal(operator: OperatorConfig, session: str) -> SubmitJournal:
    slots = 2 * operator.session_window() + round(operator.tps * STORED_WITHIN_S)
    return SubmitJournal(surroundings().submits, session, min(slots, MOST_JOURNAL_SLOTS))


def _order(key: object) -> SubmitOrder:
    assert isinstance(key, SubmitOrder)
    return key


def _late(event: LateAnswer, accepted: list[Accepted], at: float) -> None:
    """Its order went back as unknown long ago, to be sent again; the id is still worth knowing, its receipt will name
    it, and may be the one that ends the message."""
    if event.command_status == CommandStatus.ESME_ROK and isinstance(event.key, SubmitOrder):
        accepted.append(Accepted(event.smsc_message_id, at, marked_context(event.key.context)))
