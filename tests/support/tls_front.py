"""TLS in front of a server whose wheel was built without: who comes to it, comes to the server.

The clients see what they would see of the server itself. Postgres is asked for TLS in the clear first (SSLRequest).
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from background_loop import BackgroundLoop

from sandbox.process import LOOPBACK
from sandbox.smsc.tls import TlsFiles
from sandbox.tls import Identity

CHUNK_BYTES = 65_536
SSL_REQUEST = (8).to_bytes(4, "big") + (80_877_103).to_bytes(4, "big")
"""Source: PostgreSQL, frontend/backend protocol, SSLRequest."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Begin = Callable[[asyncio.StreamReader, asyncio.StreamWriter, ssl.SSLContext], Awaitable[bool]]


class TlsFront:
    """Use it with `with`. begin: how TLS begins; says whether it has."""

    def __init__(self, loop: BackgroundLoop, identity: Identity, server_port: int, begin: Begin) -> None:
        self._loop = loop
        self._context = TlsFiles(identity.cert_file, identity.key_file).context()
        self._server_port = server_port
        self._begin = begin

    def __enter__(self) -> Self:
        self._listener = self._loop.run(asyncio.start_server(self._serve, LOOPBACK, 0))
        self.port: int = self._listener.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call(self._listener.close)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await self._begin(reader, writer, self._context):
                await _join((reader, writer), await asyncio.open_connection(LOOPBACK, self._server_port))
        except (OSError, asyncio.IncompleteReadError):
            pass  # refused, or gone
        finally:
            writer.close()


async def at_once(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext) -> bool:
    """As Redis' tls-port."""
    await writer.start_tls(context)
    return True


async def when_asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext) -> bool:
    """As Postgres with `hostssl` alone in pg_hba.conf: without the request nothing is answered."""
    if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
        return False
    writer.write(b"S")
    await writer.start_tls(context)
    return True


async def _join(client: Streams, server: Streams) -> None:
    try:
        await asyncio.wait(
            [
                asyncio.create_task(_pump(client[0], server[1])),
                asyncio.create_task(_pump(server[0], client[1])),
            ],
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        server[1].close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while octets := await source.read(CHUNK_BYTES):
        sink.write(octets)
        await sink.drain()
