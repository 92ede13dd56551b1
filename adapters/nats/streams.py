"""The streams and consumers that we rely on, created or verified."""

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
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
DUPLICATE_WINDOW_S = 120  # a repeated Nats-Msg-Id within it is dropped by the server

ACK_WAIT_S = 10.0  # of what a dead process held; a live one says in time that it still holds a message
MAX_ACK_PENDING = 20_000  # bounds what is accepted but not yet stored while Postgres is away


class StreamMissing(Exception):
    """A stream does not exist, and NATS_MANAGE_STREAMS is false."""


async def ensure_streams(client: Client, *, manage: bool) -> None:
    """Create or update the streams; with manage false only verify that they exist (StreamMissing)."""
    jetstream = client.jetstream()
    for config in wanted_streams():
        assert config.name is not None
        exists = await _exists(jetstream, config.name)
        if not manage and not exists:
            raise StreamMissing(f"stream {config.name} does not exist and NATS_MANAGE_STREAMS is false")
        if manage and not exists:
            await jetstream.add_stream(config)


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


async def _exists(jetstream: JetStreamContext, name: str) -> bool:
    try:
        await jetstream.stream_info(name)
    except NotFoundError:
        return False
    return True


async def is_stored(client: Client, number: int) -> bool:
    """Whether the dispatch of this number is still in the stream, that is, not acknowledged; True where nobody says."""
    try:
        await client.jetstream().get_msg(DISPATCH_STREAM, seq=number)
    except NotFoundError:
        return False
    except (NatsError, OSError, TimeoutError):
        return True
    return True
