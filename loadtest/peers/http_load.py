"""HTTP as fast as a load needs it: requests over many connections, and a place to be called back."""

import asyncio
import re
import time
from collections.abc import Iterator
from typing import Self

from sandbox.process import LOOPBACK

CONNECTIONS = 32
HEADERS_END = b"\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
ACCEPTED = b"HTTP/1.1 202 "

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_NUMBER = re.compile(rb"[?&]number=(\d+)")


async def ask_all(port: int, requests: Iterator[bytes]) -> int:
    """Send every request to that port of this machine; how many were not accepted. OSError."""
    asking = [await _connected(port, _Asking(requests)) for _ in range(CONNECTIONS)]
    await asyncio.gather(*(one.done for one in asking))
    return sum(one.refused for one in asking)


async def _connected(port: int, asking: "_Asking") -> "_Asking":
    await asyncio.get_running_loop().create_connection(lambda: asking, LOOPBACK, port)
    return asking


class _Asking(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self.refused = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if _is_whole(self._answer):
            self.refused += not self._answer.startswith(ACCEPTED)
            self._answer = b""
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionResetError("the connection ended before its answer"))

    def _ask(self) -> None:
        request = next(self._requests, None)
        if request is not None:
            self._transport.write(request)
            return
        self.done.set_result(None)
        self._transport.close()


class Callbacks:
    """Answers every request and remembers the numbers in them; use it with `async with`."""

    def __init__(self) -> None:
        self.numbers: set[int] = set()
        self.last_at = 0.0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Answering(self), LOOPBACK, 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()

    def note(self, number: int) -> None:
        self.numbers.add(number)
        self.last_at = time.time()


class _Answering(asyncio.Protocol):
    """One connection of the caller; its requests have no body."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks
        self._request = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *whole, self._request = (self._request + data).split(HEADERS_END)
        for request in whole:
            if found := _NUMBER.search(request):
                self._callbacks.note(int(found[1]))
            self._transport.write(NO_CONTENT)


def _is_whole(answer: bytes) -> bool:
    headers, end, body = answer.partition(HEADERS_END)
    length = _LENGTH.search(headers)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)
