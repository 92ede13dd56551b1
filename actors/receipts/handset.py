"""Messages from handsets as they come from the sessions: whole ones become events, parts go into JetStream."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence

from actors.clients.event_publisher import EventPublisher
from actors.receipts.deliveries import Waiting, settle
from adapters.telemetry import metrics
from messages.events import MoInboundEvent
from messages.lanes import InboundPart

MOST_AT_ONCE = 500


class HandsetQueue:
    """Passes on what has gathered, batch by batch; a batch is settled when it has been passed on."""

    def __init__(self) -> None:
        self._queue: deque[Waiting[InboundPart]] = deque()
        self._arrived = asyncio.Event()
        self._busy = False

    def add(self, waiting: Waiting[InboundPart]) -> None:
        self._queue.append(waiting)
        self._arrived.set()

    async def work(self, pass_on: Callable[[Sequence[InboundPart]], Awaitable[None]]) -> None:
        """For ever. pass_on returns when these are safe."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            self._busy = True
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), MOST_AT_ONCE))]
                await pass_on([waiting.item for waiting in batch])
                settle(batch)
            self._busy = False

    @property
    def is_working(self) -> bool:
        return bool(self._queue or self._busy)

    @property
    def waiting(self) -> int:
        return len(self._queue)


async def publish_messages(publisher: EventPublisher, events: Sequence[MoInboundEvent]) -> None:
    await publisher.publish_mo(events)
    for operator_id, count in Counter(event.operator_id for event in events).items():
        metrics.counter("smpp_mo_total", operator=operator_id).inc(count)
