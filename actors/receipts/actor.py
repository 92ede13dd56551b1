"""ReceiptPublisher: receipts become sms.dlr.inbound, messages from handsets sms.mo.inbound.

A delivery is settled, so that the session may answer the SMSC, when JetStream has confirmed its event or when it is
stored in Postgres.
"""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Sequence
from functools import partial

from actors.clients.event_publisher import EventPublisher
from actors.clients.retry import until_available
from actors.receipts.deliveries import Frame, Waiting, settle
from actors.receipts.late import LateReceipts
from actors.runtime.base import BaseActor
from actors.runtime.body import Body, Figures, Shell
from actors.runtime.lanes import Delivery
from actors.runtime.surroundings import surroundings
from adapters.postgres.connection import PostgresConnection
from adapters.postgres.errors import DatabaseUnavailable
from adapters.postgres.receipts import AppliedReceipt, ReceiptStore
from adapters.telemetry import metrics
from core.dlr import receipt_event, tells_news
from core.mobile_originated import PartsJoiner, mo_event
from messages.control import Start
from messages.correlations import SegmentKey
from messages.lanes import InboundBatch, InboundPart, InboundReceipt

MOST_RECEIPTS = 500  # in one round trip
EARLY_RETRY_S = 0.15  # a receipt that overtook its submit_sm_resp: the correlation is being gathered right now
EARLY_TRIES = 4  # then it is parked in Postgres
SETTLED_FLUSH_S = 0.5  # when no further receipt takes the marks along


class ReceiptPublisherBody(Body):
    """Applies, publishes and settles what has gathered; one batch at a time."""

    gather_s = 0.05  # at low rates; SMSCs wait seconds for a deliver_sm_resp

    def __init__(self, start: Start, shell: Shell) -> None:
        super().__init__(start, shell)
        self._receipts: deque[Waiting[InboundReceipt]] = deque()
        self._early: list[Waiting[InboundReceipt]] = []
        self._parts: deque[Waiting[InboundPart]] = deque()
        self._open_parts: dict[str, Waiting[InboundPart]] = {}
        self._joiner = PartsJoiner()
        self._arrived = asyncio.Event()
        self._busy = False
        self._settled: list[SegmentKey] = []
        self._handled = 0

    async def run(self) -> None:
        dsn = surroundings().settings.postgres_dsn
        self._store = ReceiptStore(PostgresConnection(dsn, f"smpp-connector {self.name}"))
        self._background = PostgresConnection(dsn, f"smpp-connector {self.name} background")
        self.spawn(self._work())

    def deliver(self, deliveries: list[Delivery]) -> None:
        for connection, number, message in deliveries:
            if isinstance(message, InboundBatch):
                frame = Frame(connection, number, len(message.items))
                for item in message.items:
                    if isinstance(item, InboundReceipt):
                        self._receipts.append(Waiting(frame, item))
                    else:
                        self._parts.append(Waiting(frame, item))
        self._arrived.set()

    async def _work(self) -> None:
        self._publisher = await EventPublisher.connect(self.name)
        self._late = LateReceipts(self._background, self._publisher)
        self.spawn(self._late.retry_parked())
        self.spawn(self._late.expire())
        while True:
            await self._wait()
            self._busy = True
            await self._handle_receipts(self._take_receipts())
            await self._handle_parts()
            self._busy = False

    async def _wait(self) -> None:
        """Until something has come, an early receipt is due again, or marks have waited long enough."""
        if self._receipts or self._parts:
            return
        self._arrived.clear()
        timeout_s = EARLY_RETRY_S if self._early else SETTLED_FLUSH_S if self._settled or self._joiner else None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), timeout_s)

    def _take_receipts(self) -> list[Waiting[InboundReceipt]]:
        now = time.monotonic()
        due = [waiting for waiting in self._early if waiting.retry_at <= now]
        self._early = [waiting for waiting in self._early if waiting.retry_at > now]
        while self._receipts and len(due) < MOST_RECEIPTS:
            due.append(self._receipts.popleft())
        return due

    async def _handle_receipts(self, waiting: Sequence[Waiting[InboundReceipt]]) -> None:
        if not waiting and not self._settled:
            return
        rows = [one.item.receipt for one in waiting]
        settled, self._settled = self._settled, []
        applied = await until_available(partial(self._store.apply, rows, settled), DatabaseUnavailable)
        events, safe, missed = [], [], []
        for one, answer in zip(waiting, applied, strict=True):
            if answer is None or self._may_be_of_another(one, answer):
                missed.append(one)
                continue
            safe.append(one)
            if tells_news(answer.segment, changed=answer.changed):
                events.append(receipt_event(answer.segment, one.item.receipt))
                if answer.segment.final:
                    self._settled.append(answer.segment.key)
        await self._publisher.publish_dlr(events)
        self._finish(safe)
        await self._keep(missed)

    def _may_be_of_another(self, one: Waiting[InboundReceipt], answer: AppliedReceipt) -> bool:
        """A final receipt for a message that has had its own: a repeat, or the SMSC has used the id again (as another
        endpoint with ids of its own does), and the correlation of that message is still on its way."""
        is_repeat = one.item.receipt.final and not tells_news(answer.segment, changed=answer.changed)
        return is_repeat and one.tries < EARLY_TRIES

    async def _keep(self, missed: Sequence[Waiting[InboundReceipt]]) -> None:
        """Receipts that came before their correlation: tried again shortly, then parked."""
        retry_at = time.monotonic() + EARLY_RETRY_S
        parked: list[Waiting[InboundReceipt]] = []
        for one in missed:
            one.tries += 1
            one.retry_at = retry_at
            (parked if one.tries > EARLY_TRIES else self._early).append(one)
        if parked:
            await self._late.park([one.item.receipt for one in parked])
            self._finish(parked)

    def _finish(self, done: Sequence[Waiting[InboundReceipt]]) -> None:
        counts = Counter((one.item.receipt.operator_id, one.item.receipt.status.value) for one in done)
        for (operator_id, status), count in counts.items():
            metrics.counter("smpp_receipts_total", operator=operator_id, status=status).inc(count)
        self._handled += len(done)
        settle(done)

    # Messages from handsets.

    async def _handle_parts(self) -> None:
        now = time.monotonic()
        messages = []
        while self._parts:
            waiting = self._parts.popleft()
            self._open_parts[waiting.item.delivery_id] = waiting
            messages.append(self._joiner.add(waiting.item, now))
        messages += self._joiner.overdue(now)
        await self._publish_messages([message for message in messages if message])

    async def _publish_messages(self, messages: Sequence[list[InboundPart]]) -> None:
        if not messages:
            return
        await self._publisher.publish_mo([mo_event(message) for message in messages])
        for message in messages:
            metrics.counter("smpp_mo_total", operator=message[0].operator_id).inc()
            settle([self._open_parts.pop(part.delivery_id) for part in message])

    async def drain(self, deadline: float) -> None:
        await self.reach(lambda: not self._is_working(), deadline)

    def _is_working(self) -> bool:
        return bool(self._receipts or self._early or self._parts or self._settled or self._busy)

    def figures(self) -> Figures:
        return {
            "waiting": len(self._receipts),
            "early": len(self._early),
            "parts": len(self._open_parts),
            "handled": self._handled,
        }


class ReceiptPublisher(BaseActor):
    body_class = ReceiptPublisherBody
