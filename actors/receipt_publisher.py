"""ReceiptPublisher: receipts become sms.dlr.inbound, messages from handsets sms.mo.inbound.

A delivery is settled, so that the session may answer the SMSC, when JetStream has confirmed its event or when it is
stored in unmatched_receipts.
"""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from actors.nats_client import connected_client
from actors.retry import until_available
from actors.runtime.body import Body, Shell
from actors.runtime.lanes import Delivery, LaneConnection
from actors.runtime.surroundings import surroundings
from adapters.nats.publisher import ConfirmedPublisher, OutgoingEvent, publish_all
from adapters.postgres.connection import PostgresConnection
from adapters.postgres.correlations import CorrelationStore
from adapters.postgres.errors import DatabaseUnavailable
from adapters.postgres.receipts import ReceiptStore
from adapters.postgres.unmatched import DueReceipt, UnmatchedReceipts
from core.dlr import conclusion_event, receipt_event, unmatched_event
from messages.control import Start
from messages.correlations import SegmentKey
from messages.events import DLR_INBOUND, DlrInboundEvent, DlrSource
from messages.lanes import InboundBatch, InboundPart, InboundReceipt

MOST_RECEIPTS = 500  # in one round trip
EARLY_RETRY_S = 0.15  # a receipt that overtook its submit_sm_resp: the correlation is being gathered right now
EARLY_TRIES = 4  # then it is parked in Postgres
PARKED_LOOK_S = 1.0
EXPIRY_LOOK_S = 5.0
MOST_EXPIRED = 500
DRAIN_LOOK_S = 0.02

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Waiting:
    """One delivery that is not settled yet. retry_at: monotonic seconds."""

    frame: "Frame"
    item: InboundReceipt | InboundPart
    tries: int = 0
    retry_at: float = 0.0


@dataclass(slots=True)
class Frame:
    """One InboundBatch; it is confirmed to its session when all of it is settled."""

    connection: LaneConnection
    number: int
    open: int


class ReceiptPublisherBody(Body):
    """Applies, publishes and settles what has gathered; one batch at a time."""

    gather_s = 0.05  # of receipts, at low rates; SMSCs wait seconds for a deliver_sm_resp

    def __init__(self, start: Start, shell: Shell) -> None:
        super().__init__(start, shell)
        self._waiting: deque[Waiting] = deque()
        self._early: list[Waiting] = []
        self._arrived = asyncio.Event()
        self._busy = False
        self._settled: list[SegmentKey] = []
        self._published = 0

    async def run(self) -> None:
        dsn = surroundings().settings.postgres_dsn
        self._store = ReceiptStore(PostgresConnection(dsn, f"smpp-connector {self.name}"))
        background = PostgresConnection(dsn, f"smpp-connector {self.name} background")
        self._background = ReceiptStore(background)
        self._unmatched = UnmatchedReceipts(background)
        self._correlations = CorrelationStore(background)
        self.spawn(self._work())

    def deliver(self, deliveries: list[Delivery]) -> None:
        for connection, number, message in deliveries:
            if isinstance(message, InboundBatch):
                frame = Frame(connection, number, len(message.items))
                self._waiting.extend(Waiting(frame, item) for item in message.items)
        self._arrived.set()

    async def _work(self) -> None:
        client = await connected_client(self.name)
        self._publisher = ConfirmedPublisher(client)
        await self._publisher.start()
        self.spawn(self._retry_parked())
        self.spawn(self._expire())
        while True:
            await self._wait()
            self._busy = True
            batch = self._take_batch()
            if batch:
                await self._handle(batch)
            elif self._settled:
                await self._flush_settled()
            self._busy = False

    async def _wait(self) -> None:
        """Until something has come, an early receipt is due again, or only marks are left to be written."""
        if self._waiting:
            return
        self._arrived.clear()
        timeout_s = EARLY_RETRY_S if self._early or self._settled else None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), timeout_s)

    def _take_batch(self) -> list[Waiting]:
        now = time.monotonic()
        batch = [waiting for waiting in self._early if waiting.retry_at <= now]
        self._early = [waiting for waiting in self._early if waiting.retry_at > now]
        while self._waiting and len(batch) < MOST_RECEIPTS:
            batch.append(self._waiting.popleft())
        return batch

    async def _handle(self, batch: Sequence[Waiting]) -> None:
        receipts = [waiting for waiting in batch if isinstance(waiting.item, InboundReceipt)]
        parts = [waiting for waiting in batch if isinstance(waiting.item, InboundPart)]
        if receipts:
            await self._handle_receipts(receipts)
        if parts:
            await self._handle_parts(parts)

    # Receipts.

    async def _handle_receipts(self, waiting: Sequence[Waiting]) -> None:
        rows = [one.item.receipt for one in waiting]
        settled, self._settled = self._settled, []
        applied = await until_available(lambda: self._store.apply(rows, settled), DatabaseUnavailable)
        events, safe, missed = [], [], []
        for one, answer in zip(waiting, applied, strict=True):
            if answer is None:
                missed.append(one)
                continue
            safe.append(one)
            if answer.changed or (answer.segment.final and not answer.segment.settled):
                events.append(receipt_event(answer.segment, one.item.receipt))
                if answer.segment.final:
                    self._settled.append(answer.segment.key)
        await self._publish(events)
        self._count(safe)
        self._settle(safe)
        await self._keep(missed)

    async def _publish(self, events: Iterable[DlrInboundEvent]) -> None:
        outgoing = [OutgoingEvent(DLR_INBOUND, event.event_id, _encode(event)) for event in events]
        await publish_all(self._publisher, outgoing)
        self._published += len(outgoing)

    async def _keep(self, missed: Sequence[Waiting]) -> None:
        """Receipts that came before their correlation: tried again shortly, then parked."""
        retry_at = time.monotonic() + EARLY_RETRY_S
        parked = []
        for one in missed:
            one.tries += 1
            one.retry_at = retry_at
            (parked if one.tries >= EARLY_TRIES else self._early).append(one)
        if parked:
            rows = [one.item.receipt for one in parked]
            await until_available(lambda: self._unmatched.park(rows), DatabaseUnavailable)
            self._count(parked)
            self._settle(parked)

    async def _flush_settled(self) -> None:
        settled, self._settled = self._settled, []
        await until_available(lambda: self._store.flush_settled(settled), DatabaseUnavailable)

    # Parked receipts and messages without one.

    async def _retry_parked(self) -> None:
        while True:
            await asyncio.sleep(PARKED_LOOK_S)
            due = await until_available(lambda: self._unmatched.take_due(MOST_RECEIPTS), DatabaseUnavailable)
            if due:
                await self._retry(due)

    async def _retry(self, due: Sequence[DueReceipt]) -> None:
        rows = [one.receipt for one in due]
        applied = await until_available(lambda: self._background.apply(rows), DatabaseUnavailable)
        events, keys, done = [], [], []
        for one, answer in zip(due, applied, strict=True):
            if answer is not None:
                done.append(one.receipt_id)
                if answer.changed or (answer.segment.final and not answer.segment.settled):
                    events.append(receipt_event(answer.segment, one.receipt))
                    keys += [answer.segment.key] if answer.segment.final else []
            elif one.overdue:
                done.append(one.receipt_id)
                events.append(unmatched_event(one.receipt))
        await self._publish(events)
        await until_available(lambda: self._background.flush_settled(keys), DatabaseUnavailable)
        await until_available(lambda: self._unmatched.forget(done), DatabaseUnavailable)

    async def _expire(self) -> None:
        """Messages whose final receipt never came end as UNKNOWN, before a sweep may take them."""
        while True:
            await asyncio.sleep(EXPIRY_LOOK_S)
            expired = await until_available(lambda: self._correlations.expire(MOST_EXPIRED), DatabaseUnavailable)
            if expired:
                await self._publish([conclusion_event(segment, DlrSource.EXPIRY, time.time()) for segment in expired])
                keys = [segment.key for segment in expired]
                await until_available(lambda: self._background.flush_settled(keys), DatabaseUnavailable)

    # Messages from handsets.

    async def _handle_parts(self, waiting: Sequence[Waiting]) -> None:
        events = [_whole_message(one.item) for one in waiting]
        outgoing = [OutgoingEvent(MO_INBOUND, event.event_id, _encode(event)) for event in events]
        await publish_all(self._publisher, outgoing)
        for one in waiting:
            metrics.counter("smpp_mo_total", operator=one.item.operator_id).inc()
        self._settle(waiting)

    # Settling.

    def _settle(self, done: Sequence[Waiting]) -> None:
        """Tell the sessions which deliveries they may answer."""
        keys: dict[LaneConnection, list[int]] = {}
        frames: dict[LaneConnection, list[int]] = {}
        for one in done:
            frame = one.frame
            keys.setdefault(frame.connection, []).append(one.item.key)
            frame.open -= 1
            if not frame.open:
                frames.setdefault(frame.connection, []).append(frame.number)
        for connection, safe in keys.items():
            connection.send(InboundSettled(safe, []))
        for connection, numbers in frames.items():
            connection.confirm(numbers)

    def _count(self, receipts: Sequence[Waiting]) -> None:
        counts = Counter((one.item.receipt.operator_id, one.item.receipt.status.value) for one in receipts)
        for (operator_id, status), count in counts.items():
            metrics.counter("smpp_receipts_total", operator=operator_id, status=status).inc(count)

    # Stopping and looking.

    async def drain(self, deadline: float) -> None:
        while (self._waiting or self._early or self._busy or self._settled) and time.monotonic() < deadline:
            await asyncio.sleep(DRAIN_LOOK_S)

    def figures(self) -> Figures:
        return {
            "waiting": len(self._waiting),
            "early": len(self._early),
            "published": self._published,
        }


class ReceiptPublisher(BaseActor):
    body_class = ReceiptPublisherBody
