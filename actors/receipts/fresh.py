"""Receipts as they come from the sessions: applied, published, settled; early ones tried again, then parked."""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from actors.clients.event_publisher import Caused, EventPublisher
from actors.receipts.applying import apply_each
from actors.receipts.deliveries import Waiting, settle
from actors.receipts.late import LateReceipts
from actors.receipts.spans import ReceiptSpans
from adapters.postgres.receipts import AppliedReceipt, ReceiptStore, Unapplied
from adapters.telemetry import metrics
from core.dlr import receipt_event, tells_news, unmatched_event
from messages.correlations import SegmentKey
from messages.events import DlrInboundEvent
from messages.lanes import InboundReceipt

MOST_RECEIPTS = 500  # in one round trip
EARLY_RETRY_S = 0.15  # a receipt that overtook its submit_sm_resp: the correlation is being gathered right now
EARLY_TRIES = 4  # then it is parked in Postgres
SETTLED_FLUSH_S = 0.5  # when no further receipt takes the marks along

WaitingReceipt = Waiting[InboundReceipt]


@dataclass
class _Batch:
    """What one round trip has said of receipts. settled: whose events are final, once they are confirmed."""

    events: list[Caused[DlrInboundEvent]] = field(default_factory=list)
    settled: list[SegmentKey] = field(default_factory=list)
    safe: list[WaitingReceipt] = field(default_factory=list)
    missed: list[WaitingReceipt] = field(default_factory=list)
    put_off: list[WaitingReceipt] = field(default_factory=list)
    spans: ReceiptSpans = field(default_factory=ReceiptSpans)

    def take(self, one: WaitingReceipt, answer: AppliedReceipt | Unapplied) -> None:
        if not one.item.receipt.smsc_message_id_key or answer is Unapplied.REFUSED:  # nothing to come will match it
            self.safe.append(one)
            self.events.append(Caused(unmatched_event(one.item.receipt)))
        elif answer is Unapplied.PUT_OFF:
            self.put_off.append(one)
        elif answer is Unapplied.NOT_FOUND or _may_be_of_another(one, answer):
            self.missed.append(one)
        else:
            self._take_applied(one, answer)

    def _take_applied(self, one: WaitingReceipt, answer: AppliedReceipt) -> None:
        self.safe.append(one)
        if tells_news(answer.segment, changed=answer.changed):
            traceparent = self.spans.begin(answer.segment, one.item.receipt)
            self.events.append(Caused(receipt_event(answer.segment, one.item.receipt), traceparent))
            if answer.segment.final:
                self.settled.append(answer.segment.key)


class FreshReceipts:
    """One batch at a time, each with one round trip to Postgres and one publishing."""

    def __init__(self) -> None:
        self._queue: deque[WaitingReceipt] = deque()
        self._early: list[WaitingReceipt] = []
        self._settled: list[SegmentKey] = []
        self._arrived = asyncio.Event()
        self._busy = False
        self.handled = 0

    def add(self, waiting: WaitingReceipt) -> None:
        self._queue.append(waiting)
        self._arrived.set()

    async def work(self, store: ReceiptStore, publisher: EventPublisher, late: LateReceipts) -> None:
        """For ever."""
        while True:
            await self._wait()
            self._busy = True
            await self._handle(self._take(), store, publisher, late)
            self._busy = False

    async def _wait(self) -> None:
        """Until something has come, an early receipt is due again, or marks have waited long enough."""
        if self._queue:
            return
        self._arrived.clear()
        timeout_s = EARLY_RETRY_S if self._early else SETTLED_FLUSH_S if self._settled else None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), timeout_s)

    def _take(self) -> list[WaitingReceipt]:
        now = time.monotonic()
        due = [one for one in self._early if one.retry_at <= now]
        self._early = [one for one in self._early if one.retry_at > now]
        while self._queue and len(due) < MOST_RECEIPTS:
            due.append(self._queue.popleft())
        return due

    async def _handle(
        self, waiting: Sequence[WaitingReceipt], store: ReceiptStore, publisher: EventPublisher, late: LateReceipts
    ) -> None:
        rows = [one.item.receipt for one in waiting]
        settled, self._settled = self._settled, []
        batch = _Batch()
        applied = await apply_each(store, rows, settled)
        for one, answer in zip(waiting, applied, strict=True):
            batch.take(one, answer)
        self._queue.extendleft(reversed(batch.put_off))
        await publisher.publish_dlr(batch.events)
        batch.spans.end(time.time())
        self._settled += batch.settled
        self._finish(batch.safe)
        await self._keep(batch.missed, late)

    async def _keep(self, missed: Sequence[WaitingReceipt], late: LateReceipts) -> None:
        """Receipts that came before their correlation: tried again shortly, then parked."""
        retry_at = time.monotonic() + EARLY_RETRY_S
        parked: list[WaitingReceipt] = []
        for one in missed:
            one.tries += 1
            one.retry_at = retry_at
            (parked if one.tries > EARLY_TRIES else self._early).append(one)
        if parked:
            await late.park([one.item.receipt for one in parked])
            self._finish(parked)

    def _finish(self, done: Sequence[WaitingReceipt]) -> None:
        counts = Counter((one.item.receipt.operator_id, one.item.receipt.status.value) for one in done)
        for (operator_id, status), count in counts.items():
            metrics.counter("smpp_receipts_total", operator=operator_id, status=status).inc(count)
        self.handled += len(done)
        settle(done)

    @property
    def is_working(self) -> bool:
        return bool(self._queue or self._early or self._settled or self._busy)

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def early(self) -> int:
        """How many wait for their correlation."""
        return len(self._early)


def _may_be_of_another(one: WaitingReceipt, answer: AppliedReceipt) -> bool:
    """A final receipt for a message that has had its own: a repeat, or the SMSC has used the id again (as another
    endpoint with ids of its own does), and the correlation of that message is still on its way."""
    is_repeat = one.item.receipt.final and not tells_news(answer.segment, changed=answer.changed)
    return is_repeat and one.tries < EARLY_TRIES
