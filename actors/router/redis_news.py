"""What the replicas tell each other of Redis, over plain NATS: whether it answers them (see core/share.py)."""

import contextlib
from collections.abc import Callable

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from actors.runtime.surroundings import surroundings

SUBJECT = "smpp.redis"
ANSWERS, IS_AWAY = b"answers ", b"is away from "


class RedisNewsExchange:
    """Of one operator: its limit is shared, and by its replicas alone. heard: gets what others say."""

    def __init__(self, client: Client, operator_id: str, heard: Callable[[bool], object]) -> None:
        self._client = client
        self._subject = f"{SUBJECT}.{operator_id}"
        self._me = surroundings().settings.connector_id.encode()
        self._heard = heard
        self._subscription: Subscription | None = None

    async def follow(self) -> None:
        self._subscription = await self._client.subscribe(self._subject, cb=self._received)

    async def tell(self, *, answers: bool) -> None:
        """Nobody waits for it; who does not hear it asks Redis itself."""
        with contextlib.suppress(NatsError, OSError):
            await self._client.publish(self._subject, (ANSWERS if answers else IS_AWAY) + self._me)

    async def close(self) -> None:
        if self._subscription is not None:
            with contextlib.suppress(NatsError, OSError):
                await self._subscription.unsubscribe()

    async def _received(self, message: Msg) -> None:
        if message.data in (ANSWERS + self._me, IS_AWAY + self._me):
            return
        if message.data.startswith(ANSWERS):
            self._heard(True)
        elif message.data.startswith(IS_AWAY):
            self._heard(False)
