"""The way of one operator's messages: from its JetStream consumer over a lane to its OperatorActor."""

import asyncio
import logging
import time
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from actors.router.redis_news import RedisNewsExchange
from actors.router.spans import ReceiveSpans
from actors.runtime.lanes import LaneClient
from adapters.nats.acknowledge import give_back, keep
from adapters.nats.pull import DemandPull
from adapters.nats.streams import DISPATCH_STREAM
from adapters.telemetry import tracing
from adapters.telemetry.logs import log_event
from config.operators import OperatorConfig
from core.reading import MAX_DISPATCH_BYTES
from core.storing import MAX_DEAD_PAYLOAD_BYTES
from messages.ack_subject import deliveries, published_at, stream_sequence
from messages.lanes import Demand, DispatchBatch, DispatchItem, GivenBack, RedisNews, StillHeld
from messages.traceparent import read_traceparent, trace_id

RECENT = 20_000  # messages whose OperatorActor may still hold them; JetStream's max_ack_pending allows no more
RECENT_S = 60.0  # it holds none for longer
UNSURE_DELAY_S = 3.0  # time for the answers that its sessions had read to be stored
UNWANTED_DELAY_S = 1.0  # for a message that came although its demand was withdrawn

log = logging.getLogger(__name__)


class Route:
    """From one operator's consumer to its OperatorActor."""

    def __init__(self, operator: OperatorConfig, lane: LaneClient, client: Client, consumer: str) -> None:
        self.operator = operator
        self.lane = lane
        self._client = client
        self._batch: list[DispatchItem] = []
        self._demands: asyncio.Queue[Demand] = asyncio.Queue()
        self.follower: asyncio.Task[None] | None = None
        self.forwarded = 0
        self._recent: dict[str, float] = {}
        tracer = tracing.tracer()
        self._spans = ReceiveSpans(tracer, operator.operator_id) if tracer is not None else None
        self.news = RedisNewsExchange(client, operator.operator_id, lambda answers: lane.send(RedisNews(answers)))
        self.pull = DemandPull(client, DISPATCH_STREAM, consumer, self._arrived)
        lane.on_connect = self._greet
        lane.on_disconnect = self._operator_lost

    def _greet(self) -> None:
        """Tells the OperatorActor which connection is the router's."""
        self.lane.send(DispatchBatch([]))

    def _operator_lost(self) -> None:
        """Its process is gone with all that it held: JetStream is to repeat it soon, not after ack_wait. What was
        settled meanwhile it does not repeat."""
        self.received(Demand(0, reset=True))
        replies, self._recent = list(self._recent), {}
        asyncio.get_running_loop().create_task(give_back(self._client, replies, UNSURE_DELAY_S))

    def received(self, frame: Any) -> None:
        if isinstance(frame, Demand):
            self._demands.put_nowait(frame)
        elif isinstance(frame, GivenBack):
            for reply in frame.replies:
                self._recent.pop(reply, None)
        elif isinstance(frame, StillHeld):
            asyncio.get_running_loop().create_task(keep(self._client, frame.replies))
        elif isinstance(frame, RedisNews):
            asyncio.get_running_loop().create_task(self.news.tell(answers=frame.answers))

    async def keep_recent(self) -> None:
        """JetStream is not to repeat what the OperatorActor may still hold."""
        await keep(self._client, list(self._recent))

    def _remember(self, batch: list[DispatchItem]) -> None:
        """With the time when each was pulled, the oldest first."""
        self._recent.update((item.reply, item.pulled_at) for item in batch)
        too_old = time.monotonic() - RECENT_S
        while self._recent:
            reply = next(iter(self._recent))
            if len(self._recent) <= RECENT and self._recent[reply] >= too_old:
                break
            del self._recent[reply]

    async def follow_demand(self) -> None:
        """Keeps the pull at what the operator asks for, in the order in which it asks."""
        while True:
            demand = await self._demands.get()
            if demand.reset:
                self.pull.withdraw()
            if demand.count:
                await self._add(demand.count)

    def close(self) -> None:
        self.lane.close()
        if self.follower is not None:
            self.follower.cancel()

    async def _add(self, count: int) -> None:
        try:
            await self.pull.add_demand(count)
        except (NatsError, OSError) as error:
            log_event(log, logging.WARNING, "pull_failed", cause=type(error).__name__)

    def _arrived(self, message: Msg) -> None:
        if not self._batch:
            asyncio.get_running_loop().call_soon(self._forward)
        item = _item(message)
        if item.left_out:
            self._complain_of_size(item)
        self._batch.append(item if self._spans is None else self._spans.received(item))

    def _forward(self) -> None:
        batch, self._batch = self._batch, []
        self.forwarded += len(batch)
        self._remember(batch)
        if not self.lane.send(DispatchBatch(batch)):
            asyncio.get_running_loop().create_task(self._give_back(batch))

    def _complain_of_size(self, item: DispatchItem) -> None:
        size_bytes, number = len(item.payload) + item.left_out, stream_sequence(item.reply)
        where = {"operator_id": self.operator.operator_id, "trace_id": trace_id(item.traceparent)}
        log_event(log, logging.ERROR, "dispatch_too_large", size_bytes=size_bytes, stream_sequence=number, **where)

    async def _give_back(self, batch: list[DispatchItem]) -> None:
        await give_back(self._client, [item.reply for item in batch], UNWANTED_DELAY_S)


def _item(message: Msg) -> DispatchItem:
    """Of a payload that is too large for anything but its dead letter no more than goes into that."""
    header = (message.headers or {}).get("traceparent", "")
    size = len(message.data)
    kept = size if size <= MAX_DISPATCH_BYTES else MAX_DEAD_PAYLOAD_BYTES
    return DispatchItem(
        payload=message.data[:kept],
        reply=message.reply,
        deliveries=deliveries(message.reply),
        traceparent=read_traceparent(header) if header else "",
        published_at=published_at(message.reply),
        pulled_at=time.monotonic(),
        left_out=size - kept,
    )
