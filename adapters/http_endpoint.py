"""The HTTP port for Prometheus, Kubernetes and people: /metrics, /healthz, /readyz, /status, / and its /events.

Read-only and without login, so it shows nothing secret or personal, takes GET and HEAD only, and bounds what a caller
can cost: size of a request, number of connections, time of an answer, and one collection of the status at a time.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from adapters.status_page import PAGE, PAGE_POLICY
from adapters.status_stream import StatusStream
from adapters.telemetry.metric_text import CONTENT_TYPE

PROBE_DEADLINE_S = 2.0
STATUS_DEADLINE_S = 5.0
STATUS_SHARED_S = 1.0  # callers within it get the same answer
IDLE_CONNECTION_S = 10.0  # also for a request that does not get complete
UNREAD_S = 10.0  # for a caller who does not read its answer; then the kernel ends the connection (TCP_USER_TIMEOUT)
MAX_CONNECTIONS = 128
MAX_LINE_BYTES = 4096
MAX_HEADERS = 64
STOP_TIMEOUT_S = 1.0

Tree = dict[str, Any]
Status = Callable[[], Awaitable[Tree]]
Summary = Callable[[Tree], object]
Alive = Callable[[], Awaitable[bool]]
Ready = Callable[[], Awaitable[tuple[bool, str]]]
Metrics = Callable[[], bytes]

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for those who do not know frame-ancestors
}


class PortUnavailable(Exception):
    """HTTP_HOST and HTTP_PORT cannot be listened at. The message says why."""


class HttpEndpoint:
    """Serves what its callables tell.

    status: the tree of the dump. alive: whether a restart would not help. ready: whether it can work, and if not, why.
    metrics: in Prometheus' text format. summary: what the page shows of a tree, to be encoded as JSON.
    """

    def __init__(self, status: Status, alive: Alive, ready: Ready, metrics: Metrics, summary: Summary) -> None:
        self._status = _Shared(status)
        self._summary = summary
        self._stream = StatusStream(self._look)
        self._alive = alive
        self._ready = ready
        self._metrics = metrics
        self._runner = web.AppRunner(
            self._application(),
            access_log=None,
            shutdown_timeout=STOP_TIMEOUT_S,
            keepalive_timeout=IDLE_CONNECTION_S,
            lingering_time=0,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_LINE_BYTES,
            max_headers=MAX_HEADERS,
        )
        self._listener: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port, which the kernel chooses for port 0. Raises PortUnavailable."""
        await self._runner.setup()
        try:
            self._listener = await asyncio.get_running_loop().create_server(self._connection, host, port)
        except OSError as error:
            raise PortUnavailable(f"HTTP_HOST and HTTP_PORT: {error.strerror}") from None
        for listening in self._listener.sockets:  # from which every connection has it
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNREAD_S * 1000))
        return int(self._listener.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._listener is not None:
            self._listener.close()
        self._status.cancel()
        await self._stream.stop()
        await self._runner.cleanup()

    def _connection(self) -> asyncio.Protocol:
        server = self._runner.server
        assert server is not None
        return server() if len(server.connections) < MAX_CONNECTIONS else _Rejection()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=0)
        application.on_response_prepare.append(_add_security_headers)
        application.router.add_get("/", self._get_page)
        application.router.add_get("/metrics", self._get_metrics)
        application.router.add_get("/healthz", self._get_health)
        application.router.add_get("/readyz", self._get_readiness)
        application.router.add_get("/status", self._get_status)
        application.router.add_get("/events", self._stream.get, allow_head=False)
        return application

    async def _get_page(self, _: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html", headers={"Content-Security-Policy": PAGE_POLICY})

    async def _get_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics(), headers={"Content-Type": CONTENT_TYPE})

    async def _get_health(self, _: web.Request) -> web.Response:
        return await _probe(self._liveness())

    async def _get_readiness(self, _: web.Request) -> web.Response:
        return await _probe(self._ready())

    async def _get_status(self, _: web.Request) -> web.Response:
        try:
            tree = await self._status.get()
        except TimeoutError:
            return _text(503, "no answer")
        return web.Response(body=msgspec.json.encode(tree), content_type="application/json")

    async def _look(self) -> bytes:
        return msgspec.json.encode(self._summary(await self._status.get()))

    async def _liveness(self) -> tuple[bool, str]:
        return (True, "alive") if await self._alive() else (False, "not alive")


class _Shared:
    """One call of `fetch` at a time, its result shared by all who ask meanwhile and shortly after."""

    def __init__(self, fetch: Status) -> None:
        self._fetch = fetch
        self._call: asyncio.Task[Tree] | None = None
        self._good_until = 0.0

    async def get(self) -> Tree:
        """Raises TimeoutError when there was no answer in time or before the end."""
        if self._call is None or (self._call.done() and asyncio.get_running_loop().time() >= self._good_until):
            self._call = asyncio.create_task(self._fetch_once())
        call = self._call
        await asyncio.wait({call})  # neither passes a cancellation on to the other
        if call.cancelled():
            raise TimeoutError
        return call.result()

    def cancel(self) -> None:
        if self._call is not None:
            self._call.cancel()

    async def _fetch_once(self) -> Tree:
        tree = await asyncio.wait_for(self._fetch(), STATUS_DEADLINE_S)
        self._good_until = asyncio.get_running_loop().time() + STATUS_SHARED_S
        return tree


class _Rejection(asyncio.Protocol):
    """Closes a connection too many at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


async def _add_security_headers(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.pop("Server", None)


async def _probe(question: Awaitable[tuple[bool, str]]) -> web.Response:
    try:
        fine, reason = await asyncio.wait_for(question, PROBE_DEADLINE_S)
    except TimeoutError:
        fine, reason = False, "no answer"
    return _text(200 if fine else 503, reason)


def _text(status: int, line: str) -> web.Response:
    return web.Response(status=status, text=f"{line}\n")
