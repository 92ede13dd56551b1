"""Demand-driven pull from a durable consumer: no more messages arrive than were asked for.

nats-py's fetch() makes a subscription's worth of work per call; here one inbox stays open and pull requests keep the
server's debt to us at the demand. A request that ends unfilled says by how much (Nats-Pending-Messages). Each is
bounded in bytes too, or some hundred messages of a megabyte would be held at once; a message above that bound, which
no bounded request would ever get and which would hold up all behind it, is asked for alone.
Source: NATS ADR-37, JetStream simplified pull.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from adapters.telemetry.logs import log_event

EXPIRES_S = 30.0
HEARTBEAT_S = 10.0
DRAIN_TIMEOUT_S = 10.0
TROUBLE_PAUSE_S = 1.0  # before asking again after a request that failed
REQUEST_BYTES = 16 * 1024 * 1024  # most of one request, but for a single message that is larger
LARGE_PAUSE_S = 0.1  # after a request that ended for its bytes: what came is to be worked off
HEARTBEAT, EXPIRED = "100", "408"  # status of a message without a payload
TOO_MANY_BYTES, FILLED = "Message Size Exceeds MaxBytes", "Batch Completed"  # descriptions of a status 409
SILENCE_S = 25.0  # two heartbeats and more: the server has forgotten our request
INBOX_LIMIT = 200_000  # messages; the demand bounds it long before

log = logging.getLogger(__name__)


class DemandPull:
    """Messages of one consumer, as many as demanded. `deliver` gets each in the event loop, as it arrives.

    A withdrawal can cross messages under way: those are still delivered, or they would be lost until their ack_wait.
    """

    def __init__(self, client: Client, stream: str, consumer: str, deliver: Callable[[Msg], None]) -> None:
        self._client = client
        self._next_subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._deliver = deliver
        self._demand = 0
        self._asked = 0
        self._inbox: _Inbox | None = None
        self._drains: set[asyncio.Task[None]] = set()
        self._heard_at = 0.0

    @property
    def demand(self) -> int:
        """Messages wanted and not yet delivered."""
        return self._demand

    async def add_demand(self, count: int) -> None:
        self._demand += count
        await self._ask()

    def withdraw(self) -> None:
        """Want nothing; the server drops requests whose inbox is gone."""
        self._demand = 0
        self._asked = 0
        inbox, self._inbox = self._inbox, None
        if inbox is not None:
            drain = asyncio.get_running_loop().create_task(inbox.drain())
            self._drains.add(drain)
            drain.add_done_callback(self._drains.discard)

    async def check(self, now: float) -> None:
        """Ask again when the server has been silent although it owes us messages; call it every few seconds."""
        if self._asked and now - self._heard_at > SILENCE_S:
            await self.ask_anew()

    async def ask_anew(self) -> None:
        """After a reconnect: requests of the old connection are gone."""
        self._asked = 0
        await self._ask()

    async def _ask(self) -> None:
        await self._request(self._demand - self._asked, {"max_bytes": REQUEST_BYTES})

    async def _ask_for_one_of_any_size(self) -> None:
        await self._request(min(1, self._demand - self._asked), {})

    async def _request(self, count: int, bounds: Mapping[str, int]) -> None:
        if count <= 0 or not self._client.is_connected:
            return
        if self._inbox is None:
            self._inbox = await _Inbox.open(self._client, self._received)
        self._asked += count
        self._heard_at = asyncio.get_running_loop().time()
        times = {"expires": int(EXPIRES_S * 1e9), "idle_heartbeat": int(HEARTBEAT_S * 1e9)}
        request = json.dumps({"batch": count, **bounds, **times}).encode()
        await self._client.publish(self._next_subject, request, reply=self._inbox.subject)

    async def _received(self, inbox: "_Inbox", message: Msg) -> None:
        is_current = inbox is self._inbox
        if message.reply:
            if is_current:
                self._demand -= 1
                self._asked -= 1
                self._heard_at = asyncio.get_running_loop().time()
            self._deliver(message)
        elif is_current and message.headers is not None:
            self._heard_at = asyncio.get_running_loop().time()
            await self._request_ended(message.headers)

    async def _request_ended(self, headers: dict[str, str]) -> None:
        status, description = headers.get("Status", ""), headers.get("Description", "")
        if status == HEARTBEAT:
            return
        self._asked = max(0, self._asked - int(headers.get("Nats-Pending-Messages", 0)))
        if description == TOO_MANY_BYTES:
            await asyncio.sleep(LARGE_PAUSE_S)
            if int(headers.get("Nats-Pending-Bytes", 0)) == REQUEST_BYTES:  # not even the first one fits
                await self._ask_for_one_of_any_size()
        elif status != EXPIRED and description != FILLED:
            log_event(log, logging.WARNING, "pull_ended", description or status)
            await asyncio.sleep(TROUBLE_PAUSE_S)
        await self._ask()


class _Inbox:
    """One subscription that pull requests name as their reply."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self._subscription: Subscription | None = None

    @classmethod
    async def open(cls, client: Client, received: Callable[["_Inbox", Msg], Awaitable[None]]) -> "_Inbox":
        inbox = cls(client.new_inbox())
        inbox._subscription = await client.subscribe(
            inbox.subject,
            cb=partial(received, inbox),
            pending_msgs_limit=INBOX_LIMIT,
            pending_bytes_limit=-1,
        )
        return inbox

    async def drain(self) -> None:
        """End it after what is under way has arrived."""
        assert self._subscription is not None
        with contextlib.suppress(NatsError, OSError, TimeoutError):
            await asyncio.wait_for(self._subscription.drain(), DRAIN_TIMEOUT_S)  # type: ignore[no-untyped-call]
