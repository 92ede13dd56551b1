"""The page's stream at /events: server-sent events for as many listeners as may be, from one look at the service.

While nobody listens nothing is asked. Each event tells everything, so one that a slow listener misses is not sent
later, and nothing piles up; one that does not read at all is dropped.
"""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

PERIOD_S = 2.0
MOST_LISTENERS = 32
WRITE_DEADLINE_S = 5.0  # for a listener to take one event
RETRY_MS = 2000  # after which a browser connects again

NO_ANSWER = b"event: trouble\ndata: the service does not answer\n\n"

Look = Callable[[], Awaitable[bytes]]


class StatusStream:
    """Sends what `look` returns, JSON on one line, every PERIOD_S; a TimeoutError of it is told as trouble. So silence
    always means that the stream is lost."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._listeners = 0
        self._looking: asyncio.Task[None] | None = None
        self._event = b""
        self._number = 0
        self._news = asyncio.Condition()
        self._is_over = False

    async def get(self, request: web.Request) -> web.StreamResponse:
        """The answer to a listener; it returns when that is gone, or all is over."""
        if self._is_over or self._listeners >= MOST_LISTENERS:
            return web.Response(status=503, text="no more listeners\n")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        self._listeners += 1
        try:
            await response.prepare(request)
            await response.write(f"retry: {RETRY_MS}\n\n".encode())
            await self._tell(response)
        except ConnectionResetError:
            pass  # it has left
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._listeners -= 1
        return response

    async def stop(self) -> None:
        """End every answer at once."""
        self._is_over = True
        if self._looking is not None:
            self._looking.cancel()
        await self._announce()

    async def _tell(self, response: web.StreamResponse) -> None:
        """Raises TimeoutError for a listener that does not read."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._keep_looking())
        told = self._number if not self._event else self._number - 1
        while await self._is_news(told):
            told = self._number
            async with asyncio.timeout(WRITE_DEADLINE_S):
                await response.write(self._event)

    async def _is_news(self, told: int) -> bool:
        """Returns when there is another event than that number; False: there will be none."""
        async with self._news:
            await self._news.wait_for(lambda: self._number != told or self._looking is None or self._is_over)
        return self._looking is not None and not self._is_over

    async def _keep_looking(self) -> None:
        """While somebody listens."""
        try:
            while self._listeners:
                self._event = await self._next_event()
                self._number += 1
                await self._announce()
                await asyncio.sleep(PERIOD_S)
        finally:
            self._looking, self._event = None, b""
            await self._announce()

    async def _next_event(self) -> bytes:
        try:
            return b"event: overview\ndata: " + await self._look() + b"\n\n"
        except TimeoutError:
            return NO_ANSWER

    async def _announce(self) -> None:
        async with self._news:
            self._news.notify_all()
