"""Publishing to JetStream with confirmation, many at a time over one reply inbox.

Every event carries Nats-Msg-Id, so publishing again after a time-out is safe: the server drops the repeat.
"""

import asyncio
import logging
from collections.abc import Sequence

from msgspec import Struct
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError

from adapters.telemetry.logs import log_event
from messages.traceparent import trace_id

CONFIRM_TIMEOUT_S = 5.0

log = logging.getLogger(__name__)


class OutgoingEvent(Struct, frozen=True, array_like=True):
    """One event to publish. event_id becomes Nats-Msg-Id; headers may add a traceparent."""

    subject: str
    event_id: str
    payload: bytes
    traceparent: str = ""


class _Batch:
    """Confirmations still missing of one publish() call."""

    def __init__(self, size: int) -> None:
        self.stored = [False] * size
        self.open = size
        self.refused = 0
        self.complete = asyncio.Event()

    def settle(self, index: int, stored: bool) -> None:
        self.stored[index] = stored
        self.open -= 1
        if self.open == 0:
            self.complete.set()


class ConfirmedPublisher:
    """Publishes batches and says which events JetStream has confirmed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._prefix = ""
        self._number = 0
        self._waiting: dict[str, tuple[_Batch, int]] = {}

    async def start(self) -> None:
        self._prefix = self._client.new_inbox()
        await self._client.subscribe(
            f"{self._prefix}.*", cb=self._confirmed, pending_msgs_limit=-1, pending_bytes_limit=-1
        )

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        """True for each event that is stored in its stream; False: unknown, publish it again. Never raises for NATS."""
        if not events:
            return []
        batch = _Batch(len(events))
        replies = [await self._send(event, batch, index) for index, event in enumerate(events)]
        try:
            await asyncio.wait_for(batch.complete.wait(), CONFIRM_TIMEOUT_S)
        except TimeoutError:
            log_event(log, logging.WARNING, "publish_unconfirmed", count=batch.open)
            for reply in replies:
                self._waiting.pop(reply, None)
        if batch.refused:
            log_event(log, logging.ERROR, "publish_refused", count=batch.refused)
        return batch.stored

    async def _send(self, event: OutgoingEvent, batch: _Batch, index: int) -> str:
        self._number += 1
        reply = f"{self._prefix}.{self._number}"
        headers = {"Nats-Msg-Id": event.event_id}
        if event.traceparent:
            headers["traceparent"] = event.traceparent
        self._waiting[reply] = (batch, index)
        try:
            await self._client.publish(event.subject, event.payload, reply=reply, headers=headers)
        except MaxPayloadError:
            # For good: to try again would hold up everything behind it.
            where = {"event_id": event.event_id, "trace_id": trace_id(event.traceparent)}
            log_event(log, logging.ERROR, "event_too_large", size_bytes=len(event.payload), **where)
            del self._waiting[reply]
            batch.settle(index, stored=True)
        except (NatsError, OSError):
            del self._waiting[reply]
            batch.settle(index, stored=False)
        return reply

    async def _confirmed(self, message: Msg) -> None:
        waiting = self._waiting.pop(message.subject, None)
        if waiting is None:
            return
        stored = b'"error"' not in message.data and b'"seq"' in message.data
        batch, index = waiting
        batch.refused += not stored
        batch.settle(index, stored)


async def publish_all(publisher: ConfirmedPublisher, events: Sequence[OutgoingEvent]) -> None:
    """Publish until each is confirmed, with a growing pause; for callers that must not go on without it."""
    pause_s = 0.2
    left = list(events)
    while left:
        stored = await publisher.publish(left)
        left = [event for event, ok in zip(left, stored, strict=True) if not ok]
        if left:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, 5.0)
