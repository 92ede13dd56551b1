"""Receipts that came before their correlation, and messages whose receipt never came."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from actors.clients.event_publisher import EventPublisher
from actors.clients.retry import until_available
from adapters.postgres.connection import PostgresConnection
from adapters.postgres.correlations import CorrelationStore
from adapters.postgres.errors import DatabaseUnavailable
from adapters.postgres.receipts import ReceiptStore, Unapplied
from adapters.postgres.sweeping import BATCH, swept_batches
from adapters.postgres.unmatched import DueReceipt, UnmatchedReceipts
from adapters.telemetry import metrics
from core.dlr import conclusion_event, receipt_event, tells_news, unmatched_event
from messages.correlations import ReceiptRow, SegmentKey
from messages.events import DlrInboundEvent, DlrSource

PARKED_LOOK_S = 1.0
EXPIRY_LOOK_S = 5.0
MOST_AT_ONCE = 500


class LateReceipts:
    """Works beside the ReceiptPublisher, over a connection of its own, so that it never delays a fresh receipt."""

    def __init__(self, connection: PostgresConnection, publisher: EventPublisher) -> None:
        self._receipts = ReceiptStore(connection)
        self._unmatched = UnmatchedReceipts(connection)
        self._correlations = CorrelationStore(connection)
        self._publisher = publisher
        self._shown: set[str] = set()

    async def park(self, receipts: Sequence[ReceiptRow]) -> None:
        """Stored when it returns."""
        await until_available(partial(self._unmatched.park, receipts), DatabaseUnavailable)

    async def retry_parked(self) -> None:
        """For ever: resolves what has found its correlation, publishes as unmatched what is past its deadline."""
        while True:
            await asyncio.sleep(PARKED_LOOK_S)
            due = await until_available(partial(self._unmatched.take_due, MOST_AT_ONCE), DatabaseUnavailable)
            if due:
                await self._retry(due)
            await self._show_unmatched()

    async def expire(self) -> None:
        """For ever: messages whose final receipt never came end as UNKNOWN, before a sweep may take them."""
        while True:
            await asyncio.sleep(EXPIRY_LOOK_S)
            await self._sweep()  # first: the look for expired ones walks past what no sweep has removed
            expired = await until_available(partial(self._correlations.expire, MOST_AT_ONCE), DatabaseUnavailable)
            events = [conclusion_event(segment, DlrSource.EXPIRY, time.time()) for segment in expired]
            await self._conclude(events, [segment.key for segment in expired])

    async def _sweep(self) -> None:
        sweep = partial(self._correlations.sweep, BATCH)
        async for swept in swept_batches(partial(until_available, sweep, DatabaseUnavailable)):
            metrics.counter("smpp_correlations_swept_total").inc(swept)

    async def _retry(self, due: Sequence[DueReceipt]) -> None:
        rows = [one.receipt for one in due]
        applied = await until_available(partial(self._receipts.apply, rows), DatabaseUnavailable)
        events: list[DlrInboundEvent] = []
        keys: list[SegmentKey] = []
        done: list[int] = []
        for one, answer in zip(due, applied, strict=True):
            if answer is Unapplied.PUT_OFF or (answer is Unapplied.NOT_FOUND and not one.overdue):
                continue
            done.append(one.receipt_id)
            if answer is Unapplied.NOT_FOUND:
                events.append(unmatched_event(one.receipt))
            elif tells_news(answer.segment, changed=answer.changed):
                events.append(receipt_event(answer.segment, one.receipt))
                keys += [answer.segment.key] if answer.segment.final else []
        await self._conclude(events, keys)
        await until_available(partial(self._unmatched.forget, done), DatabaseUnavailable)

    async def _conclude(self, events: Sequence[DlrInboundEvent], keys: Sequence[SegmentKey]) -> None:
        await self._publisher.publish_dlr(events)
        await until_available(partial(self._receipts.flush_settled, keys), DatabaseUnavailable)

    async def _show_unmatched(self) -> None:
        counts = await until_available(self._unmatched.count_unmatched, DatabaseUnavailable)
        for operator_id in self._shown | set(counts):
            metrics.gauge("smpp_receipts_unmatched", operator=operator_id).set(counts.get(operator_id, 0))
        self._shown |= set(counts)
