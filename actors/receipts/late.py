"""Receipts that came before their correlation, and messages whose receipt never came."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from actors.clients.event_publisher import Caused, EventPublisher
from actors.clients.retry import until_available
from actors.receipts.applying import apply_each, park_each
from actors.receipts.spans import ReceiptSpans
from adapters.postgres.connection import PostgresConnection
from adapters.postgres.correlations import CorrelationStore
from adapters.postgres.errors import DatabaseUnavailable
from adapters.postgres.receipts import AppliedReceipt, ReceiptStore, Unapplied
from adapters.postgres.sweeping import BATCH, swept_batches
from adapters.postgres.unmatched import DueReceipt, UnmatchedReceipts
from adapters.telemetry import metrics
from core.dlr import conclusion_event, receipt_event, tells_news, unmatched_event
from messages.correlations import ReceiptRow, SegmentKey
from messages.events import DlrInboundEvent, DlrSource

PARKED_LOOK_S = 1.0
PATIENCE_S = 60.0  # from the start on: who was away for long finds old receipts before the correlations that are coming
EXPIRY_LOOK_S = 5.0
SWEEP_LOOK_S = 5.0
MOST_AT_ONCE = 500


class LateReceipts:
    """Works beside the ReceiptPublisher, over a connection of its own, so that it never delays a fresh receipt.

    Parked receipts come first, then expiry: a message whose receipt is parked does not end as UNKNOWN because the
    service was down. The sweep holds up neither, and takes only what is settled.
    """

    def __init__(self, connection: PostgresConnection, publisher: EventPublisher) -> None:
        self._receipts = ReceiptStore(connection)
        self._unmatched = UnmatchedReceipts(connection)
        self._correlations = CorrelationStore(connection)
        self._publisher = publisher
        self._shown: set[str] = set()
        self._tried = asyncio.Event()
        self._gives_up_from = time.monotonic() + PATIENCE_S

    async def park(self, receipts: Sequence[ReceiptRow]) -> None:
        """Stored when it returns, or published as unmatched where the database does not take it."""
        refused = await park_each(self._unmatched, receipts)
        await self._publisher.publish_dlr([Caused(unmatched_event(receipt)) for receipt in refused])

    async def retry_parked(self) -> None:
        """For ever: resolves what has found its correlation, publishes as unmatched what is past its deadline."""
        while True:
            await asyncio.sleep(PARKED_LOOK_S)
            while await self._retry_some():
                pass
            self._tried.set()
            await self._show_unmatched()

    async def expire(self) -> None:
        """For ever: messages whose final receipt never came end as UNKNOWN, before a sweep may take them."""
        await self._tried.wait()
        while True:
            await asyncio.sleep(EXPIRY_LOOK_S)
            while await self._expire_some():
                pass

    async def sweep(self) -> None:
        """For ever: what is settled and expired goes."""
        sweep = partial(self._correlations.sweep, BATCH)
        while True:
            await asyncio.sleep(SWEEP_LOOK_S)
            async for swept in swept_batches(partial(until_available, sweep, DatabaseUnavailable)):
                metrics.counter("smpp_correlations_swept_total").inc(swept)

    async def _expire_some(self) -> bool:
        """Whether there may be more."""
        expired = await until_available(partial(self._correlations.expire, MOST_AT_ONCE), DatabaseUnavailable)
        events = [
            Caused(conclusion_event(segment, DlrSource.EXPIRY, time.time()), segment.traceparent) for segment in expired
        ]
        await self._conclude(events, [segment.key for segment in expired])
        return len(expired) == MOST_AT_ONCE

    async def _retry_some(self) -> bool:
        """Whether there may be more."""
        due = await until_available(partial(self._unmatched.take_due, MOST_AT_ONCE), DatabaseUnavailable)
        applied = await apply_each(self._receipts, [one.receipt for one in due])
        events: list[Caused[DlrInboundEvent]] = []
        spans = ReceiptSpans()
        keys: list[SegmentKey] = []
        done: list[int] = []
        for one, answer in zip(due, applied, strict=True):
            if self._is_to_come(one, answer):
                continue
            done.append(one.receipt_id)
            if isinstance(answer, Unapplied):
                events.append(Caused(unmatched_event(one.receipt)))
            elif tells_news(answer.segment, changed=answer.changed):
                traceparent = spans.begin(answer.segment, one.receipt)
                events.append(Caused(receipt_event(answer.segment, one.receipt), traceparent))
                keys += [answer.segment.key] if answer.segment.final else []
        await self._conclude(events, keys)
        spans.end(time.time())
        await until_available(partial(self._unmatched.forget, done), DatabaseUnavailable)
        return len(due) == MOST_AT_ONCE

    def _is_to_come(self, one: DueReceipt, answer: AppliedReceipt | Unapplied) -> bool:
        """Its correlation, or its turn."""
        if answer is Unapplied.NOT_FOUND:
            return not one.overdue or time.monotonic() < self._gives_up_from
        return answer is Unapplied.PUT_OFF

    async def _conclude(self, events: Sequence[Caused[DlrInboundEvent]], keys: Sequence[SegmentKey]) -> None:
        await self._publisher.publish_dlr(events)
        await until_available(partial(self._receipts.flush_settled, keys), DatabaseUnavailable)

    async def _show_unmatched(self) -> None:
        counts = await until_available(self._unmatched.count_unmatched, DatabaseUnavailable)
        for operator_id in self._shown | set(counts):
            metrics.gauge("smpp_receipts_unmatched", operator=operator_id).set(counts.get(operator_id, 0))
        self._shown |= set(counts)
