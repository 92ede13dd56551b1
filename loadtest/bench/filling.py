"""Dispatch messages: short, GSM 7-bit, each with its number as the marker that the simulator looks for."""

import asyncio

import msgspec
from nats.js import JetStreamContext
from nats.js.api import PubAck

from loadtest.bench.trace_sink import traceparent

SUBJECT = "sms.dispatch"
CHUNK = 1000  # publishes under way
CONFIRM_TIMEOUT_S = 10.0

_FIRST_NUMBER = 491700000000


def message_id(number: int) -> str:
    return f"bench-{number:08d}"


def dispatch(operator_id: str, number: int) -> bytes:
    """Message `number` as JSON."""
    return msgspec.json.encode(
        {
            "message_id": message_id(number),
            "operator_id": operator_id,
            "to": f"+{_FIRST_NUMBER + number}",
            "from": "Bench",
            "text": f"#{number} is your code. It is valid for five minutes.",
            "request_dlr": True,
        }
    )


async def fill(
    jetstream: JetStreamContext, operator_ids: list[str], numbers: range, sampled_percent: int | None = None
) -> None:
    """Store the messages of these numbers, the operators taking turns. Raises TimeoutError or nats.errors.Error.

    sampled_percent: of the messages, each with a traceparent; None: without one.
    """
    for first in range(0, len(numbers), CHUNK):
        async with asyncio.timeout(CONFIRM_TIMEOUT_S):
            stored = [
                await publish(jetstream, operator_of(operator_ids, number), number, sampled_percent)
                for number in numbers[first : first + CHUNK]
            ]
            await asyncio.gather(*stored)


async def publish(
    jetstream: JetStreamContext, operator_id: str, number: int, sampled_percent: int | None = None
) -> asyncio.Future[PubAck]:
    """Send message `number`; the future is done when JetStream has stored it."""
    headers = None if sampled_percent is None else {"traceparent": traceparent(number, sampled_percent)}
    return await jetstream.publish_async(f"{SUBJECT}.{operator_id}", dispatch(operator_id, number), headers=headers)


def operator_of(operator_ids: list[str], number: int) -> str:
    """Whose turn it is."""
    return operator_ids[number % len(operator_ids)]
