"""The pull of one consumer, against a real server."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from adapters.nats import pull
from adapters.nats.pull import DemandPull
from sandbox.nats import NatsServer

ARRIVED_S = 10.0
LARGE_BYTES = 900_000

_numbers = count(1)

Scenario = Callable[[Client, str], Awaitable[list[int]]]


def run(server: NatsServer, messages: int, scenario: Scenario) -> list[int]:
    """With a stream of so many large messages, whose consumer has the stream's name."""

    async def with_stream() -> list[int]:
        client = await nats.connect(server.url, nkeys_seed=str(server.seed_file))
        stream = f"PULLED-{next(_numbers)}"
        jetstream = client.jetstream()
        await jetstream.add_stream(name=stream, subjects=[stream])
        try:
            for _ in range(messages):
                await jetstream.publish(stream, bytes(LARGE_BYTES))
            await jetstream.add_consumer(stream, durable_name=stream)
            return await scenario(client, stream)
        finally:
            await jetstream.delete_stream(stream)
            await client.close()

    return asyncio.run(with_stream())


async def take(client: Client, stream: str, demand: int, expected: int) -> list[int]:
    """Sizes of what has come once so many have."""
    sizes: list[int] = []
    complete = asyncio.Event()

    def deliver(message: Msg) -> None:
        sizes.append(len(message.data))
        if len(sizes) >= expected:
            complete.set()

    pulled = DemandPull(client, stream, stream, deliver)
    await pulled.add_demand(demand)
    await asyncio.wait_for(complete.wait(), ARRIVED_S)
    await client.flush()  # what else was on its way has come
    pulled.withdraw()
    return sizes


def test_a_request_that_was_filled_is_no_trouble(nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pull, "TROUBLE_PAUSE_S", 60.0)

    async def one_by_one(client: Client, stream: str) -> list[int]:
        sizes: list[int] = []
        arrived = asyncio.Semaphore(0)

        def deliver(message: Msg) -> None:
            sizes.append(len(message.data))
            arrived.release()

        pulled = DemandPull(client, stream, stream, deliver)
        for _ in range(3):
            await pulled.add_demand(1)
            await asyncio.wait_for(arrived.acquire(), ARRIVED_S)
        pulled.withdraw()
        return sizes

    assert run(nats_server, 3, one_by_one) == [LARGE_BYTES] * 3


def test_large_messages_come_a_few_at_a_time(nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pull, "REQUEST_BYTES", 2_000_000)
    monkeypatch.setattr(pull, "LARGE_PAUSE_S", 60.0)

    assert run(nats_server, 5, lambda client, stream: take(client, stream, 5, 2)) == [LARGE_BYTES] * 2


def test_the_others_come_after_a_pause(nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pull, "REQUEST_BYTES", 2_000_000)

    assert run(nats_server, 5, lambda client, stream: take(client, stream, 5, 5)) == [LARGE_BYTES] * 5


def test_a_message_that_is_larger_than_a_request_comes_alone_and_holds_up_no_other(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pull, "REQUEST_BYTES", LARGE_BYTES)  # its subject and so on come on top

    assert run(nats_server, 3, lambda client, stream: take(client, stream, 4, 3)) == [LARGE_BYTES] * 3
