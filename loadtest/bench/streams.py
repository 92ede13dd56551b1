"""The load generator's side of NATS: dispatches in, and how far the connector has come."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import NamedTuple

import msgspec
import nats
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError

from loadtest.bench.rig import NeverHappened, Rig

DISPATCH_STREAM = "SMS_DISPATCH"
EVENTS_STREAM = "SMS_EVENTS"
DLR_INBOUND = "sms.dlr.inbound"
CONFIG_CHANGED = "operator.config.changed"

START_TIMEOUT_S = 30.0
STALL_S = 20.0  # without a new event: the rest will not come
POLL_S = 0.1
READ_BATCH = 1000
READ_TIMEOUT_S = 5.0
HELD_S = 600.0  # most, if nobody lets go


class Outcome(NamedTuple):
    """A DlrInboundEvent as far as the benchmark looks at it; stored_at: when JetStream stored it."""

    message_id: str
    final: bool
    stored_at: datetime


class _Event(msgspec.Struct):
    message_id: str
    final: bool


_decoder = msgspec.json.Decoder(_Event)


@asynccontextmanager
async def connected(rig: Rig) -> AsyncIterator[Client]:
    """A client with the connector's own key, once the connector has made its streams."""
    environment = rig.stack.environment
    client = await nats.connect(environment["NATS_URL"], nkeys_seed=environment["NATS_NKEY_SEED_FILE"])
    try:
        await until(lambda: has_streams(client), "the connector did not make its streams")
        yield client
    finally:
        await client.close()


async def until(happened: Callable[[], Awaitable[bool]], complaint: str, timeout_s: float = START_TIMEOUT_S) -> None:
    """Wait until it has happened; NeverHappened after `timeout_s`."""
    deadline = monotonic() + timeout_s
    while not await happened():
        if monotonic() > deadline:
            raise NeverHappened(f"{complaint} within {timeout_s:g} s")
        await asyncio.sleep(POLL_S)


async def enable_operators(rig: Rig, client: Client, port: int | None = None) -> None:
    """Let the connector bind and send; port: as of Rig.enable_operators."""
    rig.enable_operators(port=port)
    await client.publish(CONFIG_CHANGED)
    await client.flush()


@asynccontextmanager
async def held(client: Client, operator_ids: Sequence[str]) -> AsyncIterator[None]:
    """Meanwhile JetStream delivers no dispatch of these operators."""
    await _pause(client, operator_ids, HELD_S)
    yield
    await _pause(client, operator_ids, 0.0)


async def _pause(client: Client, operator_ids: Sequence[str], for_s: float) -> None:
    """Source: NATS API reference, $JS.API.CONSUMER.PAUSE."""
    until = datetime.now(UTC) + timedelta(seconds=for_s)
    request = msgspec.json.encode({"pause_until": until})
    for operator_id in operator_ids:
        await client.request(f"$JS.API.CONSUMER.PAUSE.{DISPATCH_STREAM}.smpp-{operator_id}", request, READ_TIMEOUT_S)


async def all_bound(rig: Rig, within_s: float = START_TIMEOUT_S, replicas: int = 1) -> None:
    """Wait until every session of each replica is bound; NeverHappened after `within_s`."""

    async def is_so() -> bool:
        bound: int = rig.simulator.report()["binds"]["now"]
        return bound == rig.plan.binds * replicas

    await until(is_so, "the operators were not bound", within_s)


async def all_settled(client: Client, messages: int) -> None:
    """Wait until there are so many events and no dispatch is left, or until nothing has moved for STALL_S.

    Counted by the streams themselves, a few times a second, because a consumer would compete with the connector.
    """
    last, moved_at = (-1, -1), monotonic()
    while (now := await _progress(client)) != (messages, 0):
        if now != last:
            last, moved_at = now, monotonic()
        if monotonic() - moved_at > STALL_S:
            return
        await asyncio.sleep(POLL_S)


async def dispatches_left(client: Client) -> int:
    """Dispatches not yet acknowledged."""
    return (await client.jetstream().stream_info(DISPATCH_STREAM)).state.messages


async def outcomes(client: Client) -> list[Outcome]:
    """All the events there are, in their order."""
    config = ConsumerConfig(ack_policy=AckPolicy.NONE)
    subscription = await client.jetstream().pull_subscribe(DLR_INBOUND, stream=EVENTS_STREAM, config=config)
    pending = (await subscription.consumer_info()).num_pending or 0
    found: list[Outcome] = []
    while len(found) < pending:
        try:
            batch = await subscription.fetch(min(READ_BATCH, pending - len(found)), READ_TIMEOUT_S)
        except NatsTimeoutError:
            raise NeverHappened(f"only {len(found)} of {pending} events could be read") from None
        for message in batch:
            event = _decoder.decode(message.data)
            found.append(Outcome(event.message_id, event.final, message.metadata.timestamp))
    return found


async def _progress(client: Client) -> tuple[int, int]:
    """Events so far, and dispatches not yet acknowledged."""
    info = await client.jetstream().stream_info(EVENTS_STREAM, subjects_filter=DLR_INBOUND)
    subjects = info.state.subjects or {}
    return subjects.get(DLR_INBOUND, 0), await dispatches_left(client)


async def has_streams(client: Client) -> bool:
    """Whether the connector has made its streams."""
    try:
        for name in (DISPATCH_STREAM, EVENTS_STREAM):
            await client.jetstream().stream_info(name)
    except NotFoundError:
        return False
    return True
