"""Follows the connector's events as a consumer of the platform would: everything in the stream, in its order."""

import asyncio
import time
from collections import defaultdict
from typing import Any, NamedTuple

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

STREAM = "SMS_EVENTS"
STREAM_TIMEOUT_S = 30.0  # for the service to make it
RETRY_S = 0.05


class Final(NamedTuple):
    """The final event of a message: its verdict, and when JetStream had it (epoch seconds)."""

    message_status: str
    at: float


class Following:
    """What the events have told so far.

    bound: operators that are BOUND; finals: final events by message_id; dead: reasons from sms.dead.dispatch;
    last_at: when something came (monotonic).
    """

    def __init__(self) -> None:
        self.bound: set[str] = set()
        self.finals: defaultdict[str, list[Final]] = defaultdict(list)
        self.dead: list[str] = []
        self.last_at = time.monotonic()
        self._take = {
            "sms.dlr.inbound": self._take_dlr,
            "operator.health": self._take_health,
            "sms.dead.dispatch": self._take_dead,
        }

    async def follow(self, client: Client) -> None:
        """Take every event from the first of the stream on, until cancelled."""
        subscription = await _subscribed(client.jetstream())
        async for message in subscription.messages:
            self.last_at = time.monotonic()
            if message.subject in self._take:
                self._take[message.subject](msgspec.json.decode(message.data), message)

    def _take_dlr(self, event: dict[str, Any], message: Msg) -> None:
        if event["final"]:
            final = Final(event["message_status"], message.metadata.timestamp.timestamp())
            self.finals[event["message_id"]].append(final)

    def _take_health(self, event: dict[str, Any], _message: Msg) -> None:
        change = self.bound.discard if event["state"] == "UNBOUND" else self.bound.add
        change(event["operator_id"])

    def _take_dead(self, event: dict[str, Any], _message: Msg) -> None:
        self.dead.append(event["reason"])


async def _subscribed(jetstream: JetStreamContext) -> JetStreamContext.PushSubscription:
    """An ordered consumer of the whole stream; NotFoundError when there is none within STREAM_TIMEOUT_S."""
    deadline = time.monotonic() + STREAM_TIMEOUT_S
    while True:
        try:
            return await jetstream.subscribe(">", stream=STREAM, ordered_consumer=True)
        except NotFoundError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(RETRY_S)
