"""Messages over several operators at an even rate, each published until JetStream has it, whatever happens."""

import asyncio
import json
import time
from collections.abc import Sequence
from concurrent.futures import Future
from itertools import count
from types import TracebackType
from typing import Any, Self

import nats
from background_loop import BackgroundLoop
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from platform_side import LOAD_TEXT, a_message

from sandbox.stack import Stack

STORED_S = 60.0  # for what is being published when it ends
ANSWER_S = 2.0
AGAIN_S = 0.2
RECONNECT_S = 0.2

LONG_EVERY = 20  # one message in so many is a long one
LONG_PARTS = 3
LONG_TEXT = "0123456789" * 40  # 153 septets a part

DESTINATIONS = "498765432"  # all begin so

SUBMITS_PER_MESSAGE = 1 + (LONG_PARTS - 1) / LONG_EVERY

_numbers = count(1)


def parts_of(number: int) -> int:
    """How many submit_sm the message of this number takes."""
    return LONG_PARTS if number % LONG_EVERY == 0 else 1


def destination_of(number: int) -> str:
    """Where it goes, as on the wire; no other message goes there."""
    return f"{DESTINATIONS}{number:06d}"


class LastingLoad:
    """Use it with `with`. `accepted`: message_id by number, of all that JetStream has confirmed."""

    def __init__(self, loop: BackgroundLoop, stack: Stack, operator_ids: Sequence[str], tps: float) -> None:
        """tps: messages a second, of all operators together."""
        self.accepted: dict[int, str] = {}
        self._loop = loop
        self._environment = stack.environment
        self._operator_ids = operator_ids
        self._tps = tps
        self._reachable = asyncio.Event()
        self._is_over = False

    def __enter__(self) -> Self:
        self._published: Future[None] = self._loop.start(self._publish())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._published.result(STORED_S)

    async def _publish(self) -> None:
        client = await nats.connect(
            self._environment["NATS_URL"],
            nkeys_seed=self._environment["NATS_NKEY_SEED_FILE"],
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_S,
            error_cb=_pass_over,
            disconnected_cb=self._disconnected,
            reconnected_cb=self._connected,
        )
        self._reachable.set()
        try:
            async with asyncio.TaskGroup() as storing:
                await self._publish_evenly(client.jetstream(), storing)
        finally:
            await client.close()

    async def _publish_evenly(self, jetstream: JetStreamContext, storing: asyncio.TaskGroup) -> None:
        started_at = time.monotonic()
        for index in count():
            await asyncio.sleep(started_at + index / self._tps - time.monotonic())
            if self._is_over:
                return
            storing.create_task(self._store(jetstream, next(_numbers)))

    async def _store(self, jetstream: JetStreamContext, number: int) -> None:
        message = self._message(number)
        subject, payload = f"sms.dispatch.{message['operator_id']}", json.dumps(message).encode()
        while True:
            await self._reachable.wait()
            try:
                await jetstream.publish(subject, payload, ANSWER_S, headers={"Nats-Msg-Id": message["message_id"]})
            except (NatsError, TimeoutError):
                await asyncio.sleep(AGAIN_S)
            else:
                self.accepted[number] = message["message_id"]
                return

    def _message(self, number: int) -> dict[str, Any]:
        operator_id = self._operator_ids[number % len(self._operator_ids)]
        text = f"#{number} {LONG_TEXT if parts_of(number) > 1 else LOAD_TEXT}"
        return a_message(operator_id, message_id=f"{operator_id}-{number}", to=f"+{destination_of(number)}", text=text)

    async def _connected(self) -> None:
        self._reachable.set()

    async def _disconnected(self) -> None:
        self._reachable.clear()


async def _pass_over(_error: Exception) -> None:
    """What is lost is published again."""
