"""Parts of messages from handsets put together, on whichever replica JetStream gives them to."""

import asyncio
import contextlib
import logging
import time

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from actors.clients.event_publisher import EventPublisher
from actors.receipts.handset import publish_messages
from adapters.nats.acknowledge import give_back
from adapters.nats.parts import PartsStream
from adapters.nats.pull import DemandPull
from adapters.nats.streams import PARTS_CONSUMER, PARTS_STREAM, ensure_parts_consumer
from adapters.telemetry.logs import log_event
from core.backoff import Backoff
from core.mobile_originated import join_parts, message_event, part_event

MOST_AT_ONCE = 100
CHECK_S = 10.0  # whether the server still knows what we have asked for
RETRY_FIRST_S, RETRY_MOST_S = 0.5, 10.0
LOOK_AGAIN_S = 60.0  # at what cannot be read
LATE_S = 0.05  # a part comes again so long after its time is over, and not just before

log = logging.getLogger(__name__)


class PartsJoining:
    """Each new part is looked at together with those that are there; the last one of a message finds it complete.

    A part that misses others is given back until their time is over. What fails here comes again after the ack_wait.
    """

    def __init__(self, publisher: EventPublisher) -> None:
        self._publisher = publisher
        self._parts = PartsStream(publisher.client)
        self._pull = DemandPull(publisher.client, PARTS_STREAM, PARTS_CONSUMER, self._deliver)
        self._delivered: dict[str, list[str]] = {}
        self._arrived = asyncio.Event()
        self.joined = 0

    async def work(self) -> None:
        """For ever."""
        await self._ensure_consumer()
        await self._pull.add_demand(MOST_AT_ONCE)
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S):
                    await self._arrived.wait()
            self._arrived.clear()
            delivered, self._delivered = self._delivered, {}
            for subject, replies in delivered.items():
                await self._join(subject, replies)
            await self._pull.add_demand(sum(map(len, delivered.values())))
            await self._pull.check(asyncio.get_running_loop().time())

    async def reconnected(self) -> None:
        await self._pull.ask_anew()

    def stop(self) -> None:
        """Take no more."""
        self._pull.withdraw()

    async def _ensure_consumer(self) -> None:
        """The router makes the stream."""
        backoff = Backoff(RETRY_FIRST_S, RETRY_MOST_S)
        while True:
            try:
                await ensure_parts_consumer(self._publisher.client)
            except (NatsError, OSError, TimeoutError):
                await asyncio.sleep(backoff.next_s())
            else:
                return

    def _deliver(self, message: Msg) -> None:
        self._delivered.setdefault(message.subject, []).append(message.reply)
        self._arrived.set()

    async def _join(self, subject: str, replies: list[str]) -> None:
        try:
            wait_s = await self._join_stored(subject)
        except (NatsError, OSError, TimeoutError) as error:
            log_event(log, logging.WARNING, "parts_delayed", cause=type(error).__name__)
            return
        await give_back(self._publisher.client, replies, wait_s)

    async def _join_stored(self, subject: str) -> float:
        """Publishes what can be published; seconds until there may be more. Those of what is gone are nobody's."""
        stored = await self._parts.read(subject)
        joined = join_parts(stored.values(), time.time())
        events = [message_event(parts) for parts in joined.whole] + [part_event(part) for part in joined.late]
        if events:
            await publish_messages(self._publisher, events)
            done = {part.delivery_id for parts in (*joined.whole, joined.late) for part in parts}
            await self._parts.delete([number for number, part in stored.items() if part.delivery_id in done])
            self.joined += len(joined.whole)
        return LOOK_AGAIN_S if joined.wait_s is None else joined.wait_s + LATE_S
