"""Parts of messages from handsets: put together by whichever replica, in whatever order, and never lost."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import nats
import pytest
import uvloop
from actor_in_process import until
from ending import end
from nats.aio.client import Client

from actors.clients.event_publisher import EventPublisher
from actors.receipts.joining import PartsJoining
from adapters.nats import streams
from adapters.nats.parts import PartsStream
from adapters.nats.streams import PARTS_CONSUMER, PARTS_STREAM, ensure_streams
from config.operators import OperatorConfig
from core.inbound import InboundReader
from core.mobile_originated import message_event
from messages.events import MO_INBOUND
from messages.lanes import InboundPart
from sandbox.nats import NatsServer
from smpp.hot import ShortMessage
from smpp.segments import LongMessages, split_text
from smpp.text import Encoding

DEADLINE_S = 60.0
CLOSE_S = 0.1  # a transport needs some turns of the loop to close
LONG_S, SHORT_S = 3600.0, 0.5  # for parts to come
MESSAGES = 30

Event = dict[str, Any]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path) as running:
        yield running


@pytest.fixture
def run() -> Iterator[Callable[..., Any]]:
    """Runs a coroutine to its end, within the deadline."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield lambda work: runner.run(asyncio.wait_for(work, DEADLINE_S))
        runner.run(asyncio.sleep(CLOSE_S))


class Replica:
    """A connection of its own; its joining can be ended as a kill would."""

    def __init__(self, publisher: EventPublisher) -> None:
        self.client = publisher.client
        self.publisher = publisher
        self._joining: asyncio.Task[None] | None = None

    def join(self) -> None:
        self._joining = asyncio.create_task(PartsJoining(self.publisher).work())

    async def die(self) -> None:
        if self._joining is not None:
            await end([self._joining])
        await self.client.close()


@asynccontextmanager
async def replicas(server: NatsServer, count: int) -> AsyncIterator[list[Replica]]:
    async with AsyncExitStack() as running:
        made = []
        for _ in range(count):
            client = await nats.connect(server.url, nkeys_seed=str(server.seed_file))
            made.append(Replica(await EventPublisher.over(client)))
            running.push_async_callback(made[-1].die)
        await ensure_streams(made[0].client, manage=True)
        yield made


@asynccontextmanager
async def events_of(server: NatsServer) -> AsyncIterator[list[Event]]:
    """All that come, once each, as a consumer sees them."""
    seen: list[Event] = []
    client = await nats.connect(server.url, nkeys_seed=str(server.seed_file))

    async def take(message: Any) -> None:
        seen.append(msgspec.json.decode(message.data))

    await client.jetstream().subscribe(MO_INBOUND, ordered_consumer=True, cb=take)
    try:
        yield seen
    finally:
        await client.close()


def parts_of(text: str, source: str, reference: int = 7, within_s: float = LONG_S) -> list[InboundPart]:
    """As the session of any replica reads them."""
    reader = InboundReader(OperatorConfig(operator_id="mno", endpoints=(), mo_parts_s=within_s))
    read = [
        reader.read(
            ShortMessage(
                source_addr=source,
                destination_addr="4911",
                esm_class=segment.esm_class_bits,
                short_message=segment.short_message,
            ),
            segment.part,
            time.time(),
        )
        for segment in split_text(text, Encoding.GSM7, LongMessages.UDH8, reference)
    ]
    return [part for part in read if isinstance(part, InboundPart)]


def told(events: list[Event]) -> list[tuple[str, str, int, int | None]]:
    return sorted((event["from"], event["text"], event["segments"], event.get("segment")) for event in events)


async def left_in(client: Client) -> int:
    info = await client.jetstream().stream_info(PARTS_STREAM)
    return info.state.messages


@pytest.mark.parametrize("seed", range(3))
def test_messages_are_put_together_from_parts_that_come_in_any_order_at_any_replica(run, server, seed):
    randomness = random.Random(seed)
    texts = {f"4917{number}": f"#{number} " + "x" * randomness.randint(160, 900) for number in range(MESSAGES)}

    async def play() -> None:
        async with replicas(server, 2) as both, events_of(server) as events:
            for replica in both:
                replica.join()
            parts = [part for source, text in texts.items() for part in parts_of(text, source)]
            randomness.shuffle(parts)
            while parts:
                some, parts = parts[:7], parts[7:]
                await randomness.choice(both).publisher.store_parts(some)
            await until(lambda: len(events) >= MESSAGES)
            assert [(source, text, segment) for source, text, _segments, segment in told(events)] == [
                (source, text, None) for source, text in sorted(texts.items())
            ]
            while await left_in(both[0].client):
                await asyncio.sleep(0.01)

    run(play())


def test_parts_that_miss_others_are_told_as_they_are_when_their_time_is_over(run, server):
    first, _missing, last = parts_of("0123456789" * 40, "4917", within_s=SHORT_S)

    async def play() -> None:
        async with replicas(server, 1) as (replica,), events_of(server) as events:
            replica.join()
            await replica.publisher.store_parts([last, first])
            await until(lambda: len(events) == 2)
            assert told(events) == [
                ("4917", first.content.decode(), 3, 1),
                ("4917", last.content.decode(), 3, 3),
            ]
            assert {event["reference"] for event in events} == {7}
            while await left_in(replica.client):
                await asyncio.sleep(0.01)

    run(play())


def test_what_a_dead_replica_had_in_hand_is_joined_by_another(run, server, monkeypatch):
    """The dead one has been given a part and has not said what became of it."""
    monkeypatch.setattr(streams, "ACK_WAIT_S", 1.0)
    first, last = parts_of("x" * 200, "4917")

    async def play() -> None:
        async with replicas(server, 2) as (dead, alive), events_of(server) as events:
            await streams.ensure_parts_consumer(dead.client)
            await dead.publisher.store_parts([first])
            hand = await dead.client.jetstream().pull_subscribe_bind(PARTS_CONSUMER, PARTS_STREAM)
            assert len(await hand.fetch(1)) == 1
            await dead.die()
            alive.join()
            await alive.publisher.store_parts([last])
            await until(lambda: bool(events))
            assert told(events) == [("4917", "x" * 200, 2, None)]

    run(play())


def test_a_replica_that_died_after_publishing_leaves_no_second_event(run, server, monkeypatch):
    """Its event is confirmed, the parts are still there; another publishes once more, and the server drops that."""
    monkeypatch.setattr(streams, "ACK_WAIT_S", 1.0)
    parts = parts_of("x" * 200, "4917")

    async def play() -> None:
        async with replicas(server, 2) as (dead, alive), events_of(server) as events:
            with monkeypatch.context() as patch:
                patch.setattr(PartsStream, "delete", _die)
                dead.join()
                await dead.publisher.store_parts(parts)
                await until(lambda: bool(events))
                await dead.die()
            alive.join()
            while await left_in(alive.client):
                await asyncio.sleep(0.01)
            await alive.publisher.publish_mo([message_event(parts_of("after it", "4918"))])
            await until(lambda: len(events) > 1)
            assert told(events) == [("4917", "x" * 200, 2, None), ("4918", "after it", 1, None)]

    run(play())


async def _die(*_arguments: object) -> None:
    raise ConnectionError


def test_an_octet_string_that_is_no_part_is_left_alone_and_stops_nobody(run, server, caplog):
    async def play() -> None:
        async with replicas(server, 1) as (replica,), events_of(server) as events:
            replica.join()
            await replica.client.jetstream().publish("sms.mo.part.mno.1", b"no msgpack")
            await replica.publisher.store_parts(parts_of("x" * 200, "4917"))
            await until(lambda: bool(events))
            while await left_in(replica.client) > 1:  # the parts are acknowledged after the event
                await asyncio.sleep(0.01)
            assert await left_in(replica.client) == 1

    run(play())
    assert "part_unreadable" in {getattr(record, "event", "") for record in caplog.records}
