"""The streams and consumers that we rely on, created or verified."""

from itertools import zip_longest
from typing import Any

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

DISPATCH_STREAM = "SMS_DISPATCH"
DISPATCH_SUBJECT = "sms.dispatch"
EVENTS_STREAM = "SMS_EVENTS"
EVENT_SUBJECTS = ["sms.dlr.inbound", "sms.mo.inbound", "sms.dead.dispatch", "operator.health"]
PARTS_STREAM = "SMS_PARTS"
PARTS_SUBJECT = "sms.mo.part"
PARTS_CONSUMER = "smpp-parts"
EVENTS_KEPT_S = 7 * 24 * 3600
API_TIMEOUT_S = 5.0
DUPLICATE_WINDOW_S = 120  # a repeated Nats-Msg-Id within it is dropped by the server

ACK_WAIT_S = 10.0  # of what a dead process held; a live one says in time that it still holds a message
MAX_ACK_PENDING = 20_000  # bounds what is accepted but not yet stored while Postgres is away


class StreamUnfit(Exception):
    """A stream cannot do its work. The message says which, and why."""


class StreamIncomplete(StreamUnfit):
    """It does not exist or lacks a subject, and NATS_MANAGE_STREAMS is false."""


async def ensure_streams(client: Client, *, manage: bool) -> None:
    """Create the streams that are missing, and add subjects that they lack; with manage false only verify them.

    Everything else of a stream (replicas, limits, storage) is its owner's. Raises StreamUnfit.
    """
    for wanted in wanted_streams():
        found = await _config_of(client, wanted)
        retention = str(RetentionPolicy(wanted.retention).value)
        if found is None:
            await _create(client, wanted, manage)
        elif found["retention"] != retention:
            raise StreamUnfit(f"stream {wanted.name} has the retention {found['retention']}, not {retention}")
        else:
            await _complete(client, found, wanted, manage)


async def _config_of(client: Client, wanted: StreamConfig) -> dict[str, Any] | None:
    """As the server has it, with what this client's library does not know; None where the stream does not exist."""
    try:
        await client.jetstream().stream_info(str(wanted.name))
    except NotFoundError:
        return None
    answer = await client.request(f"$JS.API.STREAM.INFO.{wanted.name}", timeout=API_TIMEOUT_S)
    config: dict[str, Any] = msgspec.json.decode(answer.data)["config"]
    return config


async def _create(client: Client, wanted: StreamConfig, manage: bool) -> None:
    if not manage:
        raise StreamIncomplete(f"stream {wanted.name} does not exist and NATS_MANAGE_STREAMS is false")
    await client.jetstream().add_stream(wanted)


async def _complete(client: Client, found: dict[str, Any], wanted: StreamConfig, manage: bool) -> None:
    """Through the API and not the library, which would write the settings that it does not know as they are not."""
    subjects: list[str] = found.get("subjects") or []
    lacking = [one for one in wanted.subjects or [] if not any(covers(subject, one) for subject in subjects)]
    if not lacking:
        return
    if not manage:
        raise StreamIncomplete(f"stream {wanted.name} lacks {', '.join(lacking)} and NATS_MANAGE_STREAMS is false")
    kept = [subject for subject in subjects if not any(covers(one, subject) for one in lacking)]
    request = msgspec.json.encode({**found, "subjects": [*kept, *lacking]})
    answer = await client.request(f"$JS.API.STREAM.UPDATE.{wanted.name}", request, timeout=API_TIMEOUT_S)
    refused = msgspec.json.decode(answer.data).get("error")
    if refused:
        raise StreamUnfit(f"stream {wanted.name} lacks {', '.join(lacking)}: {refused['description']}")


def covers(wide: str, narrow: str) -> bool:
    """Whether every subject that `narrow` stands for is one of `wide`; * is one token, > at the end all that follow."""
    for of_wide, of_narrow in zip_longest(wide.split("."), narrow.split(".")):
        if of_wide == ">":
            return of_narrow is not None
        if of_narrow == ">" or of_wide is None or of_narrow is None or of_wide not in ("*", of_narrow):
            return False
    return True


async def ensure_consumer(client: Client, operator_id: str) -> str:
    """Create or update the operator's durable pull consumer; returns its name."""
    name = consumer_name(operator_id)
    await client.jetstream().add_consumer(
        DISPATCH_STREAM,
        ConsumerConfig(
            durable_name=name,
            filter_subject=f"{DISPATCH_SUBJECT}.{operator_id}",
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_S,
            max_ack_pending=MAX_ACK_PENDING,
            max_waiting=512,
        ),
    )
    return name


async def ensure_parts_consumer(client: Client) -> None:
    """Create or update the one pull consumer of all replicas for parts of handset messages."""
    await client.jetstream().add_consumer(
        PARTS_STREAM,
        ConsumerConfig(
            durable_name=PARTS_CONSUMER,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_S,
            max_ack_pending=-1,  # a part that waits for others is one that was given back with a delay
            max_waiting=512,
        ),
    )


async def waiting_dispatches(client: Client, operator_id: str) -> int:
    """Dispatches of the operator that no replica has been given yet. Raises NatsError or OSError."""
    info = await client.jetstream().consumer_info(DISPATCH_STREAM, consumer_name(operator_id))
    return info.num_pending or 0


def wanted_streams() -> list[StreamConfig]:
    """As they are created."""
    return [
        StreamConfig(
            name=DISPATCH_STREAM,
            subjects=[f"{DISPATCH_SUBJECT}.*"],
            retention=RetentionPolicy.WORK_QUEUE,
            storage=StorageType.FILE,
            duplicate_window=DUPLICATE_WINDOW_S,
        ),
        StreamConfig(
            name=EVENTS_STREAM,
            subjects=EVENT_SUBJECTS,
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            max_age=EVENTS_KEPT_S,
            duplicate_window=DUPLICATE_WINDOW_S,
        ),
        StreamConfig(
            name=PARTS_STREAM,
            subjects=[f"{PARTS_SUBJECT}.*.*"],
            retention=RetentionPolicy.WORK_QUEUE,
            storage=StorageType.FILE,
            duplicate_window=DUPLICATE_WINDOW_S,
        ),
    ]


def consumer_name(operator_id: str) -> str:
    """Of the operator's durable consumer; whoever has it set up owns, or owned, the operator."""
    return f"smpp-{operator_id}"


async def is_stored(client: Client, number: int) -> bool:
    """Whether the dispatch of this number is still in the stream, that is, not acknowledged; True where nobody says."""
    try:
        await client.jetstream().get_msg(DISPATCH_STREAM, seq=number)
    except NotFoundError:
        return False
    except (NatsError, OSError, TimeoutError):
        return True
    return True
