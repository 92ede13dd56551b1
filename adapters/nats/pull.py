"""Demand-driven pull from a durable consumer: no more messages arrive than were asked for.

nats-py's fetch() makes a subscription's worth of work per call; here one inbox stays open and pull requests keep the
server's debt to us at the demand. A request that ends unfilled says by how much (Nats-Pending-Messages).
Source: NATS ADR-37, JetStream simplified pull.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from adapters.telemetry.logs import log_event

EXPIRES_S = 30.0
HEARTBEAT_S = 10.0
SILENCE_S = 25.0  # two heartbeats and more: the server has forgotten our request
INBOX_LIMIT = 200_000  # messages; the demand bounds it long before

log = logging.getLogger(__name__)


class DemandPull:
    """Messages of one consumer, as many as demanded. `deliver` gets each in the event loop, as it arrives."""

    def __init__(self, client: Client, stream: str, consumer: str, deliver: Callable[[Msg], None]) -> None:
        self._client = client
        self._next_subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._deliver = deliver
        self._demand = 0
        self._asked = 0
        self._subscription: Subscription | None = None
        self._inbox = ""
        self._heard_at = 0.0

    @property
    def demand(self) -> int:
        """Messages wanted and not yet delivered."""
        return self._demand

    async def add_demand(self, count: int) -> None:
        self._demand += count
        await self._ask()

    async def withdraw(self) -> None:
        """Want nothing; the server drops requests whose inbox is gone."""
        self._demand = 0
        self._asked = 0
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with contextlib.suppress(Exception):
                await subscription.unsubscribe()

    async def check(self, now: float) -> None:
        """Ask again when the server has been silent although it owes us messages; call it every few seconds."""
        if self._asked and now - self._heard_at > SILENCE_S:
            await self.ask_anew()

    async def ask_anew(self) -> None:
        """After a reconnect: requests of the old connection are gone."""
        self._asked = 0
        await self._ask()

    async def _ask(self) -> None:
        missing = self._demand - self._asked
        if missing <= 0 or not self._client.is_connected:
            return
        if self._subscription is None:
            await self._open_inbox()
        self._asked += missing
        self._heard_at = asyncio.get_running_loop().time()
        request = {
            "batch": missing,
            "expires": int(EXPIRES_S * 1e9),
            "idle_heartbeat": int(HEARTBEAT_S * 1e9),
        }
        await self._client.publish(self._next_subject, json.dumps(request).encode(), reply=self._inbox)

    async def _open_inbox(self) -> None:
        self._inbox = self._client.new_inbox()
        self._subscription = await self._client.subscribe(
            self._inbox, cb=self._received, pending_msgs_limit=INBOX_LIMIT, pending_bytes_limit=-1
        )

    async def _received(self, message: Msg) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        if message.reply:
            self._demand -= 1
            self._asked -= 1
            self._deliver(message)
        elif message.headers is not None:
            await self._request_ended(message.headers)

    async def _request_ended(self, headers: dict[str, str]) -> None:
        status = headers.get("Status", "")
        if status == "100":
            return
        unfilled = int(headers.get("Nats-Pending-Messages", 0))
        self._asked = max(0, self._asked - unfilled)
        if status != "408":
            log_event(log, logging.WARNING, "pull_ended", headers.get("Description", status))
            await asyncio.sleep(1.0)
        await self._ask()
