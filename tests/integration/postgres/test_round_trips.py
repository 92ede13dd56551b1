"""How often the writers go to Postgres: once or twice for a batch, whatever is in it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from actor_in_process import CountedConnection, Producer, make_body, stop_tasks, surroundings_of, until
from nats.aio.client import Client

from actors.clients.nats_client import connected_client
from actors.correlations.actor import CorrelationWriterBody
from actors.receipts.actor import ReceiptPublisherBody
from actors.runtime.body import Body
from adapters.nats.streams import ensure_streams
from messages.correlations import UnansweredSegment
from messages.events import DeliveryStatus
from messages.lanes import (
    Accepted,
    AcceptedBatch,
    AcceptedQuery,
    AcceptedSegments,
    Concluded,
    ConcludedBatch,
    Conclusion,
    InboundBatch,
    InboundReceipt,
    InboundSettled,
    MessageContext,
    SentSegment,
    UnansweredBatch,
)
from sandbox.stack import Stack
from smpp.constants import CommandStatus
from smpp.message_id import IdRule

BATCH = 200

Actors = Callable[[type[Body], str], Any]


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[CountedConnection]:
    """Those that the actors have opened, in that order."""
    opened: list[CountedConnection] = []
    monkeypatch.setattr(CountedConnection, "opened", opened)
    for module in ("actors.receipts.actor", "actors.correlations.actor"):
        monkeypatch.setattr(f"{module}.PostgresConnection", CountedConnection)
    return opened


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """Those of NATS, too."""
    opened: list[Client] = []

    async def connect(name: str, **callbacks: Any) -> Client:
        opened.append(await connected_client(name, **callbacks))
        return opened[-1]

    monkeypatch.setattr("actors.clients.event_publisher.connected_client", connect)
    return opened


@pytest.fixture
def actor(
    stack: Stack, dsn: str, tmp_path: Path, connections: list[CountedConnection], clients: list[Client]
) -> Iterator[Actors]:
    """Runs the body of an actor for as long as it is wanted."""

    @asynccontextmanager
    async def running(body_class: type[Body], name: str) -> AsyncIterator[Body]:
        body = make_body(body_class, name)
        await body.run()
        await until(lambda: bool(clients))
        await ensure_streams(clients[0], manage=True)
        try:
            yield body
        finally:
            await stop_tasks(body)
            for opened in (*connections, *clients):
                await opened.close()

    with surroundings_of({**stack.environment, "POSTGRES_DSN": dsn}, tmp_path):
        yield running


def settled_by(producer: Producer) -> int:
    return sum(len(answer.safe) for answer in producer.sent if isinstance(answer, InboundSettled))


def context(message_id: str, operator_id: str = "op-1", **fields: Any) -> MessageContext:
    whole = MessageContext(
        message_id=message_id,
        operator_id=operator_id,
        segment=1,
        segments=1,
        reply=f"$JS.ACK.SMS_DISPATCH.none.1.1.1.1.{message_id}",
        request_dlr=True,
        receipt_ttl_s=3600,
        id_rule=IdRule.STRING,
        metadata={},
        traceparent="",
        possibly_sent_before=False,
    )
    return msgspec.structs.replace(whole, **fields)


def acceptance(message_id: str, **fields: Any) -> Accepted:
    return Accepted(f"id-{message_id}", 1_795_000_000.0, msgspec.msgpack.encode(context(message_id, **fields)))


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks that have nothing to travel with wait for ever, and nobody asks twice: only batches are counted."""
    for module in ("actors.receipts.fresh", "actors.correlations.actor"):
        monkeypatch.setattr(f"{module}.SETTLED_FLUSH_S", 3600)
    monkeypatch.setattr("actors.correlations.actor.OTHERS_S", 0)


@pytest.mark.usefixtures("unhurried")
def test_a_batch_of_receipts_takes_one_round_trip_and_its_marks_travel_with_the_next(
    run, actor, connections, correlations, accepted, receipt, query
):
    names = [f"m-{number}" for number in range(2 * BATCH)]
    run(correlations.write([accepted(name) for name in names]))
    producer = Producer()

    async def play() -> None:
        async with actor(ReceiptPublisherBody, "receipt-publisher") as body:
            for start in (0, BATCH):
                items = [InboundReceipt(key, receipt(names[key])) for key in range(start, start + BATCH)]
                body.deliver([(producer, start + 1, InboundBatch(items))])
                await until(lambda end=start + BATCH: settled_by(producer) == end)

    run(play())
    assert connections[0].trips == 2
    assert query("SELECT count(*) FROM smpp.message_correlations WHERE settled_at IS NOT NULL") == [(BATCH,)]
    assert producer.confirmed == [1, BATCH + 1]


@pytest.mark.usefixtures("unhurried")
def test_receipts_that_say_two_things_of_a_segment_take_two_round_trips_and_are_all_settled(
    run, actor, connections, correlations, accepted, receipt, query
):
    names = [f"m-{number}" for number in range(BATCH // 4)]
    run(correlations.write([accepted(name) for name in names]))
    enroute = {"status": DeliveryStatus.ENROUTE, "final": False, "stat": "ENROUTE"}
    says = [enroute, {}, enroute, {}]
    items = [
        InboundReceipt(4 * number + turn, receipt(name, **says[turn]))
        for number, name in enumerate(names)
        for turn in range(4)
    ]
    producer = Producer()

    async def play() -> None:
        async with actor(ReceiptPublisherBody, "receipt-publisher") as body:
            body.deliver([(producer, 1, InboundBatch(items))])
            await until(lambda: settled_by(producer) == len(items))

    run(play())
    assert connections[0].trips == 2
    assert query("SELECT status, count(*) FROM smpp.message_correlations GROUP BY 1") == [("DELIVERED", len(names))]


def test_marks_that_nothing_takes_along_are_stored_alone(run, actor, connections, correlations, accepted, receipt):
    run(correlations.write([accepted()]))
    producer = Producer()

    async def play() -> None:
        async with actor(ReceiptPublisherBody, "receipt-publisher") as body:
            body.deliver([(producer, 1, InboundBatch([InboundReceipt(1, receipt())]))])
            await until(lambda: settled_by(producer) == 1)
            await until(lambda: not body._receipts.is_working)

    run(play())
    assert connections[0].trips == 2


UNANSWERED = UnansweredSegment("refused", "op-1", 1, 1, "layout")
ENDS = [
    Concluded(Conclusion.REFUSED, context("refused"), CommandStatus.ESME_RINVDSTADR),
    Concluded(Conclusion.EXPIRED, context("expired")),
    Concluded(Conclusion.REPORTED, context("reported")),
    Concluded(Conclusion.ALREADY_ACCEPTED, context("a-1")),
    Concluded(Conclusion.GIVE_BACK, context("back"), delay_s=1.0),
    Concluded(Conclusion.DEAD, context(""), reason="no JSON", payload=b"?"),
]


@pytest.mark.usefixtures("unhurried")
def test_a_batch_of_the_correlation_writer_takes_one_round_trip_to_write_and_one_to_ask(run, actor, connections, query):
    frames = [
        AcceptedBatch([acceptance(f"a-{number}") for number in range(BATCH)]),
        AcceptedBatch([acceptance(f"n-{number}", request_dlr=False) for number in range(BATCH)]),
        ConcludedBatch(ENDS),
        UnansweredBatch([UNANSWERED]),
        AcceptedQuery(1, "op-1", ["a-1", "unheard of"]),
        AcceptedQuery(2, "op-2", ["a-1"]),
        AcceptedQuery(3, "op-1", ["refused"]),
    ]
    producer = Producer()

    async def play() -> None:
        async with actor(CorrelationWriterBody, "correlation-writer") as body:
            body.deliver([(producer, number, frame) for number, frame in enumerate(frames, 1)])
            await until(lambda: len(producer.confirmed) == len(frames))

    run(play())
    assert connections[0].trips == 2
    assert producer.sent == [
        AcceptedSegments(1, [SentSegment("a-1", 1, 1)], []),
        AcceptedSegments(2, [], []),
        AcceptedSegments(3, [SentSegment("refused", 1, 1)], [SentSegment("refused", 1, 1, "layout")]),
    ]
    assert query("SELECT final_at IS NOT NULL, count(*) FROM smpp.message_correlations GROUP BY 1 ORDER BY 1") == [
        (False, BATCH),
        (True, BATCH + 3),
    ]


def test_the_marks_of_the_last_batch_of_the_correlation_writer_are_stored_too(run, actor, connections, query):
    producer = Producer()

    async def play() -> None:
        async with actor(CorrelationWriterBody, "correlation-writer") as body:
            body.deliver([(producer, 1, ConcludedBatch(ENDS))])
            await until(lambda: connections[0].trips == 2)
            await until(lambda: not body._busy)

    run(play())
    assert query("SELECT count(*) FROM smpp.message_correlations WHERE settled_at IS NOT NULL") == [(3,)]
