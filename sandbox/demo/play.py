"""One performance: connect, wait for the operators, publish, and follow the events to the last final one."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client

from sandbox.demo.dispatches import DemoMessage
from sandbox.demo.display import Display
from sandbox.demo.following import Final, Following
from sandbox.demo.publishing import Publishing

BOUND_TIMEOUT_S = 20.0
STALL_S = 15.0  # without any event, after which nothing more is expected
QUIET_S = 1.0  # after the last final event, in which doubles would show
TICK_S = 0.1
CONNECT_TIMEOUT_S = 5


class PlayStopped(Exception):
    """It could not go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was published (epoch seconds) and how it ended, by message_id; dead: reasons from sms.dead.dispatch."""

    published_at: dict[str, float]
    finals: dict[str, list[Final]]
    dead: list[str]


class Play:
    """One run over `messages`; `is_running` tells whether the service is still there."""

    def __init__(self, messages: Sequence[DemoMessage], display: Display, is_running: Callable[[], bool]) -> None:
        self._messages = messages
        self._operator_ids = {message.operator_id for message in messages}
        self._display = display
        self._is_running = is_running
        self._publishing = Publishing()
        self._following = Following()
        self._tasks: list[asyncio.Task[None]] = []

    def outcome(self) -> Outcome:
        """What there is to tell so far."""
        return Outcome(self._publishing.published_at, dict(self._following.finals), self._following.dead)

    async def perform(self, url: str, seed_file: Path, rate: float) -> None:
        """Publish at `rate` a second; raises PlayStopped, or nats.errors.Error and OSError where NATS fails."""
        async with _connected(url, seed_file) as client, self._tasks_ended():
            self._spawn(self._following.follow(client))
            await self._until_bound()
            self._spawn(self._publishing.publish(client, self._messages, rate))
            await self._until_settled()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    @asynccontextmanager
    async def _tasks_ended(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _until_bound(self) -> None:
        deadline = time.monotonic() + BOUND_TIMEOUT_S
        while unbound := self._operator_ids - self._following.bound:
            if time.monotonic() > deadline:
                raise PlayStopped(f"not BOUND after {BOUND_TIMEOUT_S:g} s: {', '.join(sorted(unbound))}")
            await self._tick()

    async def _until_settled(self) -> None:
        """Until every message has a final event and QUIET_S have passed, or nothing came for STALL_S."""
        while self._quiet_s() < (QUIET_S if self._all_final() else STALL_S):
            await self._tick()

    async def _tick(self) -> None:
        if not self._is_running():
            raise PlayStopped("the service has ended")
        for task in self._tasks:
            if task.done():
                task.result()
        self._display.show(len(self._publishing.published_at), self._following.finals.keys())
        await asyncio.sleep(TICK_S)

    def _all_final(self) -> bool:
        return all(message.message_id in self._following.finals for message in self._messages)

    def _quiet_s(self) -> float:
        return time.monotonic() - self._following.last_at


@asynccontextmanager
async def _connected(url: str, seed_file: Path) -> AsyncIterator[Client]:
    client = await nats.connect(
        url,
        nkeys_seed=str(seed_file),
        name="sandbox demo",
        allow_reconnect=False,
        connect_timeout=CONNECT_TIMEOUT_S,
        error_cb=_ignore,
    )
    try:
        yield client
    finally:
        await client.close()


async def _ignore(_error: Exception) -> None:
    """What goes wrong comes out where it is awaited; nats-py would print it as well."""
