"""The simulator's remote control: JSON over HTTP, for the machine it runs on.

GET /report, GET /behaviour, POST /behaviour {trait: value, ...}, POST /act {"act": name, ...}.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import NamedTuple

from sandbox.smsc.acts import BadAct
from sandbox.smsc.character import as_json
from sandbox.smsc.server import SimulatedSmsc

REQUEST_S = 5.0
"""Longest that a client may take to say what it wants."""

MAX_BODY_BYTES = 1 << 20


class _Refused(Exception):
    """A request that cannot be served."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


class _Request(NamedTuple):
    method: str
    path: str
    body: dict[str, object]


class Control:
    """Serves one simulator; `port` 0 lets the kernel choose."""

    def __init__(self, smsc: SimulatedSmsc, host: str = "127.0.0.1", port: int = 0) -> None:
        self._smsc = smsc
        self._server: asyncio.Server | None = None
        self.host = host
        self.port = port
        self._routes: dict[tuple[str, str], Callable[[dict[str, object]], Awaitable[object]]] = {
            ("GET", "/report"): self._report,
            ("GET", "/behaviour"): self._behaviour,
            ("POST", "/behaviour"): self._change,
            ("POST", "/act"): self._act,
        }

    async def start(self) -> None:
        """Listen; OSError where the address cannot be had."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _report(self, _body: dict[str, object]) -> object:
        return self._smsc.report()

    async def _behaviour(self, _body: dict[str, object]) -> object:
        return as_json(self._smsc.character)

    async def _change(self, body: dict[str, object]) -> object:
        return as_json(await self._smsc.change(**body))

    async def _act(self, body: dict[str, object]) -> object:
        details = {name: value for name, value in body.items() if name != "act"}
        return {"done": self._smsc.act(str(body.get("act", "")), **details)}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_S):
                writer.write(await self._answer(reader))
                await writer.drain()
        except (TimeoutError, OSError, EOFError):
            pass  # the client is gone or says nothing
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        try:
            request = await _read_request(reader)
            return _response(HTTPStatus.OK, await self._route(request))
        except _Refused as refused:
            return _response(refused.status, {"error": refused.reason})
        except (BadAct, ValueError) as error:
            return _response(HTTPStatus.BAD_REQUEST, {"error": str(error)})

    async def _route(self, request: _Request) -> object:
        handle = self._routes.get((request.method, request.path))
        if handle is None:
            raise _Refused(HTTPStatus.NOT_FOUND, "there are " + ", ".join(map(" ".join, self._routes)))
        return await handle(request.body)


async def _read_request(reader: asyncio.StreamReader) -> _Request:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError:
        raise _Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too long a request") from None
    request_line, *lines = head.split("\r\n")
    method, _, rest = request_line.partition(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await _read_body(reader, headers) if method == "POST" else {}
    return _Request(method, rest.partition(" ")[0], body)


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> dict[str, object]:
    if not headers.get("content-type", "").startswith("application/json"):
        # A page in a browser may post plain text to this machine, but JSON only with our leave.
        raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json")
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MAX_BODY_BYTES} octets")
    body = json.loads(await reader.readexactly(int(length)) or b"{}")
    if not isinstance(body, dict):
        raise _Refused(HTTPStatus.BAD_REQUEST, "must be a JSON object")
    return body


def _response(status: HTTPStatus, body: object) -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + content
