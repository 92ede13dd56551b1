"""Publishes the dispatches at a steady rate, each acknowledged by JetStream before it counts."""

import asyncio
import time
from collections.abc import Sequence

from nats.aio.client import Client

from sandbox.demo.dispatches import DemoMessage

ACK_TIMEOUT_S = 10.0


class Publishing:
    """What has been published. published_at: epoch seconds just before the publish, by message_id."""

    def __init__(self) -> None:
        self.published_at: dict[str, float] = {}

    async def publish(self, client: Client, messages: Sequence[DemoMessage], rate: float) -> None:
        """Publish all, `rate` a second at most; nats.errors.Error when one is not acknowledged in time."""
        jetstream = client.jetstream(timeout=ACK_TIMEOUT_S)
        started = time.monotonic()
        for number, message in enumerate(messages):
            await _until(started + number / rate)
            published_at = time.time()
            await jetstream.publish(message.subject, message.payload(), headers={"Nats-Msg-Id": message.message_id})
            self.published_at[message.message_id] = published_at


async def _until(due: float) -> None:
    """Behind schedule it returns at once, so that a hiccup does not lower the rate."""
    delay_s = due - time.monotonic()
    if delay_s > 0:
        await asyncio.sleep(delay_s)
