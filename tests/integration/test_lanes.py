"""Lanes over real sockets, in the event loop that the actors use."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from actors.runtime.lanes import (
    HEADER,
    MAX_FRAME_BYTES,
    Delivery,
    LaneClient,
    LaneConnection,
    LaneServer,
    LaneWatch,
    encode_frame,
    lane_address,
)
from messages.lanes import AcceptedQuery, ActorState, StatusReply, StatusRequest

DEADLINE_S = 5.0
GATHER_S = 0.3
STATUS = StatusReply(
    actor="Trial",
    name="consumer",
    pid=1,
    state=ActorState.RUNNING,
    since="2026-01-01T00:00:00.000Z",
    restarts=0,
    children=[],
    figures={"queue": 3},
)

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def run() -> Iterator[Run]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield lambda work: runner.run(asyncio.wait_for(work, 2 * DEADLINE_S))


class Consumer:
    """Serves a lane and keeps what came, delivery by delivery."""

    def __init__(self, folder: Path, gather_s: float = 0) -> None:
        self.deliveries: list[list[Delivery]] = []
        self.server = LaneServer(lane_address(folder, "consumer"), self.deliveries.append, gather_s)
        self.server.on_status = lambda connection: connection.send(STATUS)

    async def __aenter__(self) -> "Consumer":
        await self.server.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.server.close()
        await asyncio.sleep(0)

    @property
    def taken(self) -> list[int]:
        """The orders in the frames, in the order of their arrival."""
        return [message.query for delivery in self.deliveries for _connection, _number, message in delivery]

    @property
    def sizes(self) -> list[int]:
        return [len(delivery) for delivery in self.deliveries]

    async def take(self, count: int) -> list[int]:
        await until(lambda: len(self.taken) >= count)
        return self.taken

    def confirm(self, *orders: int) -> None:
        for delivery in self.deliveries:
            for connection, number, message in delivery:
                if message.query in orders:
                    connection.confirm([number])


@asynccontextmanager
async def producer(
    folder: Path, *, retain: bool = False, replies: list[Any] | None = None
) -> AsyncIterator[LaneClient]:
    on_reply = None if replies is None else replies.append
    client = LaneClient(lane_address(folder, "consumer"), on_reply, retain=retain)
    client.start()
    try:
        yield client
    finally:
        client.close()
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.001)


def order(number: int) -> AcceptedQuery:
    """A frame that is told from others by its number."""
    return AcceptedQuery(number, "alpha", [])


async def connected(client: LaneClient) -> None:
    await until(lambda: client.is_connected)


async def disconnected(client: LaneClient) -> None:
    await until(lambda: not client.is_connected)


@asynccontextmanager
async def bare_socket(folder: Path) -> AsyncIterator[socket.socket]:
    """A producer that may send anything."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(lane_address(folder, "consumer"))
        peer.setblocking(False)
        yield peer


async def is_closed(peer: socket.socket) -> bool:
    """Whether the other side ends the connection."""
    return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(peer, 1), DEADLINE_S) == b""


def test_frames_arrive_once_each_and_in_order(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with Consumer(tmp_path) as consumer, producer(tmp_path) as client:
            await connected(client)
            for number in range(2000):
                assert client.send(order(number))
            assert await consumer.take(2000) == list(range(2000))

    run(scenario())


def test_what_arrives_together_is_delivered_together(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with Consumer(tmp_path) as consumer, producer(tmp_path) as client:
            await connected(client)
            for number in range(10):
                client.send(order(number))
            await consumer.take(10)
            assert consumer.sizes == [10]

    run(scenario())


def test_a_frame_cut_into_single_octets_arrives_whole(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with Consumer(tmp_path) as consumer, bare_socket(tmp_path) as peer:
            for octet in encode_frame(order(1), 7) + encode_frame(order(2), 8):
                peer.send(bytes((octet,)))
                await asyncio.sleep(0)
            await consumer.take(2)
            frames = [(number, message) for delivery in consumer.deliveries for _, number, message in delivery]
            assert frames == [(7, order(1)), (8, order(2))]

    run(scenario())


def test_a_frame_larger_than_the_socket_buffers_arrives_whole(run: Run, tmp_path: Path):
    large = AcceptedQuery(1, "alpha", ["m" * 60] * 200_000)

    async def scenario() -> None:
        async with Consumer(tmp_path) as consumer, producer(tmp_path) as client:
            await connected(client)
            client.send(large)
            await consumer.take(1)
            assert consumer.deliveries[0][0][2] == large

    run(scenario())


def test_a_producer_may_start_before_its_consumer(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with producer(tmp_path) as client:
            await asyncio.sleep(0.01)  # for a first attempt in vain
            async with Consumer(tmp_path) as consumer:
                await connected(client)
                client.send(order(1))
                assert await consumer.take(1) == [1]

    run(scenario())


def test_without_a_consumer_a_plain_lane_says_that_it_did_not_send(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with producer(tmp_path) as client:
            assert client.send(order(1)) is False

    run(scenario())


def test_a_retaining_lane_keeps_what_it_could_not_send_yet(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with producer(tmp_path, retain=True) as client:
            assert all(client.send(order(number)) for number in range(3))
            async with Consumer(tmp_path) as consumer:
                assert await consumer.take(3) == [0, 1, 2]
                assert client.unconfirmed == 3

    run(scenario())


def test_retained_frames_come_again_when_the_consumer_has_died(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with producer(tmp_path, retain=True) as client:
            async with Consumer(tmp_path) as first:
                for number in range(3):
                    client.send(order(number))
                await first.take(3)
            await disconnected(client)
            client.send(order(3))
            async with Consumer(tmp_path) as second:
                assert await second.take(4) == [0, 1, 2, 3]

    run(scenario())


def test_confirmed_frames_are_forgotten(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with producer(tmp_path, retain=True) as client:
            async with Consumer(tmp_path) as first:
                for number in range(4):
                    client.send(order(number))
                await first.take(4)
                first.confirm(0, 2)
                await until(lambda: client.unconfirmed == 2)
            async with Consumer(tmp_path) as second:
                assert await second.take(2) == [1, 3]

    run(scenario())


def test_a_frame_keeps_its_number_when_it_comes_again(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with producer(tmp_path, retain=True) as client:
            numbers = []
            for _ in range(2):
                async with Consumer(tmp_path) as consumer:
                    if not numbers:
                        client.send(order(1))
                    await consumer.take(1)
                    numbers.append(consumer.deliveries[0][0][1])
            assert numbers[0] == numbers[1]

    run(scenario())


def test_a_plain_lane_repeats_nothing(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with producer(tmp_path) as client:
            async with Consumer(tmp_path) as first:
                await connected(client)
                client.send(order(1))
                await first.take(1)
            await disconnected(client)
            async with Consumer(tmp_path) as second:
                await connected(client)
                client.send(order(2))
                assert await second.take(1) == [2]

    run(scenario())


def test_replies_reach_the_producer_that_was_asked(run: Run, tmp_path: Path):
    async def scenario() -> None:
        mine: list[Any] = []
        others: list[Any] = []
        async with (
            Consumer(tmp_path) as consumer,
            producer(tmp_path, replies=mine) as client,
            producer(tmp_path, replies=others) as other,
        ):
            await connected(client)
            await connected(other)
            client.send(order(1))
            await consumer.take(1)
            consumer.deliveries[0][0][0].send(order(99))
            await until(lambda: mine == [order(99)])
            assert others == []

    run(scenario())


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(HEADER.pack(MAX_FRAME_BYTES + 1, 1), id="a frame too large"),
        pytest.param(HEADER.pack(3, 1) + b"\xc1\xc1\xc1", id="no msgpack"),
        pytest.param(HEADER.pack(1, 1) + b"\x01", id="no message of ours"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", id="another protocol"),
    ],
)
def test_a_broken_stream_closes_that_connection_alone(run: Run, tmp_path: Path, octets: bytes):
    async def scenario() -> None:
        async with Consumer(tmp_path) as consumer, producer(tmp_path) as client, bare_socket(tmp_path) as peer:
            await connected(client)
            peer.send(octets)
            assert await is_closed(peer)
            client.send(order(1))
            assert await consumer.take(1) == [1]

    run(scenario())


def test_the_end_of_a_producer_is_told(run: Run, tmp_path: Path):
    async def scenario() -> None:
        gone: list[LaneConnection] = []
        async with Consumer(tmp_path) as consumer:
            consumer.server.on_disconnect = gone.append
            async with producer(tmp_path) as client:
                await connected(client)
                client.send(order(1))
                await consumer.take(1)
            await until(lambda: gone == [consumer.deliveries[0][0][0]])

    run(scenario())


def test_a_gathering_lane_delivers_the_first_frame_at_once_and_then_what_has_gathered(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with Consumer(tmp_path, GATHER_S) as consumer, producer(tmp_path) as client:
            await connected(client)
            client.send(order(0))
            await consumer.take(1)
            for number in range(1, 6):
                client.send(order(number))
                await asyncio.sleep(0.001)
            assert consumer.taken == [0]
            await consumer.take(6)
            assert (consumer.taken, consumer.sizes) == ([0, 1, 2, 3, 4, 5], [1, 5])

    run(scenario())


def test_what_waits_in_a_gathering_lane_survives_the_end_of_its_producer(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with Consumer(tmp_path, GATHER_S) as consumer:
            async with producer(tmp_path) as client:
                await connected(client)
                client.send(order(0))
                await consumer.take(1)
                client.send(order(1))
                client.send(order(2))
                await asyncio.sleep(0.01)  # for the loop to write them
            assert consumer.taken == [0]
            assert await consumer.take(3) == [0, 1, 2]

    run(scenario())


def test_a_busy_lane_does_not_gather(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with Consumer(tmp_path, gather_s=60) as consumer, producer(tmp_path) as client:
            await connected(client)
            for batch in range(3):
                for number in range(64):
                    client.send(order(number))
                await consumer.take(64 * (batch + 1))

    run(scenario())


def test_a_status_question_is_answered_and_not_delivered(run: Run, tmp_path: Path):
    async def scenario() -> None:
        replies: list[Any] = []
        async with Consumer(tmp_path) as consumer, producer(tmp_path, replies=replies) as client:
            await connected(client)
            client.send(StatusRequest())
            await until(lambda: replies == [STATUS])
            assert consumer.deliveries == []

    run(scenario())


def test_a_gathering_lane_answers_newcomers_at_once(run: Run, tmp_path: Path):
    async def scenario() -> None:
        replies: list[Any] = []
        async with Consumer(tmp_path, gather_s=60) as consumer, producer(tmp_path) as client:
            await connected(client)
            client.send(order(0))
            await consumer.take(1)
            async with producer(tmp_path, replies=replies) as asking:
                await connected(asking)
                asking.send(StatusRequest())
                await until(lambda: replies == [STATUS])

    run(scenario())


def test_either_side_can_tell_the_pid_of_the_other(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with Consumer(tmp_path) as consumer, producer(tmp_path) as client:
            await connected(client)
            client.send(order(0))
            await consumer.take(1)
            assert consumer.deliveries[0][0][0].peer_pid() == os.getpid()

    run(scenario())


def test_a_folder_with_a_path_longer_than_a_socket_address_will_do(run: Run, tmp_path: Path):
    folder = tmp_path / ("d" * 120) / ("e" * 120)
    folder.mkdir(parents=True)

    async def scenario() -> None:
        async with Consumer(folder) as consumer, producer(folder) as client:
            await connected(client)
            client.send(order(1))
            assert await consumer.take(1) == [1]

    run(scenario())


def test_a_consumer_takes_over_the_socket_that_a_killed_one_left(run: Run, tmp_path: Path):
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(lane_address(tmp_path, "consumer"))

    async def scenario() -> None:
        async with Consumer(tmp_path) as consumer, producer(tmp_path) as client:
            await connected(client)
            client.send(order(1))
            assert await consumer.take(1) == [1]

    run(scenario())


def test_a_watch_tells_when_a_lane_is_served_and_when_no_longer(run: Run, tmp_path: Path):
    async def scenario() -> None:
        watch = LaneWatch(lane_address(tmp_path, "consumer"))
        assert await watch.connected(within_s=0.05) is False
        async with Consumer(tmp_path):
            assert await watch.connected(DEADLINE_S) is True
        await asyncio.wait_for(watch.lost(), DEADLINE_S)
        async with Consumer(tmp_path):
            assert await watch.connected(DEADLINE_S) is True

    run(scenario())
