"""Messages from handsets as they come from the sessions: put together, published, settled."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence

from actors.clients.event_publisher import EventPublisher
from actors.receipts.deliveries import Waiting, settle
from adapters.telemetry import metrics
from core.mobile_originated import PartsJoiner, mo_event
from messages.lanes import InboundPart

OVERDUE_LOOK_S = 0.5  # while parts wait for others


class HandsetMessages:
    """Publishes what is whole, and what has waited long enough for the rest."""

    def __init__(self) -> None:
        self._queue: deque[Waiting[InboundPart]] = deque()
        self._open: dict[str, Waiting[InboundPart]] = {}
        self._joiner = PartsJoiner()
        self._arrived = asyncio.Event()
        self._busy = False

    def add(self, waiting: Waiting[InboundPart]) -> None:
        self._queue.append(waiting)
        self._arrived.set()

    async def work(self, publisher: EventPublisher) -> None:
        """For ever."""
        while True:
            await self._wait()
            self._busy = True
            await self._publish(publisher, self._take(time.monotonic()))
            self._busy = False

    async def _wait(self) -> None:
        if self._queue:
            return
        self._arrived.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), OVERDUE_LOOK_S if self._joiner else None)

    def _take(self, now: float) -> list[list[InboundPart]]:
        messages = []
        while self._queue:
            waiting = self._queue.popleft()
            self._open[waiting.item.delivery_id] = waiting
            messages.append(self._joiner.add(waiting.item, now))
        messages += self._joiner.overdue(now)
        return [message for message in messages if message]

    async def _publish(self, publisher: EventPublisher, messages: Sequence[list[InboundPart]]) -> None:
        await publisher.publish_mo([mo_event(message) for message in messages])
        for message in messages:
            metrics.counter("smpp_mo_total", operator=message[0].operator_id).inc()
            settle([self._open.pop(part.delivery_id) for part in message])

    @property
    def is_working(self) -> bool:
        """Parts that wait for others are not: the SMSC still has them."""
        return bool(self._queue or self._busy)

    @property
    def parts(self) -> int:
        return len(self._open)
