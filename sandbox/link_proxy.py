"""A TCP link that can be made to fail: it stands between a client and a server and forwards until it is told otherwise.

    async with LinkProxy(smsc.port) as proxy:   # clients connect to proxy.port
        proxy.stall()                           # the links stay up, and nothing gets through
        await proxy.resume()                    # all is well again, what was held back arrives

It works on the octets of TCP, so it stands as well before Redis, or carries TLS. `reset`, `stall` and `deafen` are
what a client sees of a crashed host, of a route that swallows packets, and of a process that hangs.
"""

import asyncio
import socket
import struct
import time
from collections.abc import Sequence
from enum import Flag, auto
from typing import Self

from sandbox.process import LOOPBACK, reserve_port

READ_BYTES = 65_536
MOST_CHUNKS = 64  # on their way in one direction of a link; then its sender is held back, as by full TCP windows
NOT_THE_END = b"?"  # octets of length 0 are the end
SLICE_GAP_S = 0.0005  # so that a reader takes each octet by itself
LINGER_ZERO = struct.pack("ii", 1, 0)  # closing then sends RST (socket(7), SO_LINGER)


OnTheWay = asyncio.Queue[tuple[float, bytes]]
"""Octets and when they are due, in monotonic seconds."""


class Direction(Flag):
    TO_SERVER = auto()
    TO_CLIENT = auto()


EITHER = Direction.TO_SERVER | Direction.TO_CLIENT


class LinkProxy:
    """Listens on a loopback port of its own, which stays the same; use it with `async with`, in one event loop."""

    def __init__(self, server_port: int, server_host: str = LOOPBACK) -> None:
        self._server_address = (server_host, server_port)
        self._reservation = reserve_port()
        self.port: int = self._reservation.getsockname()[1]
        self.opened_at: list[float] = []
        """When each link was opened by a client, in monotonic seconds."""
        self.most_links = 0
        """How many there were at a time, at most; one ends when its client ends it."""
        self._listener: asyncio.Server | None = None
        self._links: dict[asyncio.Task[None], _Link] = {}
        self._is_deaf = False
        self._delay_s = 0.0
        self._gap_s = 0.0  # after each octet; 0: not sliced
        self._passing = {direction: asyncio.Event() for direction in Direction}

    async def __aenter__(self) -> Self:
        await self.resume()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.refuse()
        serving = list(self._links)
        self.reset()
        await asyncio.gather(*serving, return_exceptions=True)
        await asyncio.sleep(0)  # asyncio closes an aborted socket one turn of the loop later
        self._reservation.close()

    @property
    def links(self) -> int:
        """Links that their clients have not ended."""
        return sum(not link.client_reader.at_eof() for link in self._links.values())

    # Faults. They last until `resume`; `cut` and `reset` happen once.

    def cut(self, at_most: int | None = None) -> int:
        """End every link, or only so many, the oldest first, with FIN on both sides; returns how many."""
        ending = list(self._links)[:at_most]
        for serving in ending:
            serving.cancel()
        return len(ending)

    def reset(self) -> int:
        """End every link with RST on both sides; returns how many."""
        for link in self._links.values():
            link.reset()
        return self.cut()

    def stall(self, direction: Direction = EITHER) -> None:
        """Keep the links and hold back what is sent, their end included; new links are made and held back too."""
        for stalled in direction:
            self._passing[stalled].clear()

    def deafen(self) -> None:
        """As `stall`; new links are accepted, never reach the server, and are cut by `resume`."""
        self.stall()
        self._is_deaf = True

    def refuse(self) -> None:
        """Close the listening port: new links are refused, those that are there stay."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def slice(self) -> None:
        """Forward one octet at a time, each in a TCP segment of its own."""
        self._gap_s = SLICE_GAP_S

    def delay(self, delay_s: float) -> None:
        """Let everything arrive `delay_s` later, in both directions, at the rate at which it was sent."""
        self._delay_s = delay_s

    async def resume(self) -> None:
        """The end of all faults."""
        self._is_deaf, self._delay_s, self._gap_s = False, 0.0, 0.0
        for serving, link in self._links.items():
            if link.server_writer is None:
                serving.cancel()
        for passing in self._passing.values():
            passing.set()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._opened, LOOPBACK, self.port)

    # One link.

    def _opened(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(reader, writer)
        serving = asyncio.create_task(self._serve(link))
        self._links[serving] = link
        serving.add_done_callback(self._closed)
        self.opened_at.append(time.monotonic())
        self.most_links = max(self.most_links, self.links)

    async def _serve(self, link: "_Link") -> None:
        try:
            await (_swallow(link.client_reader) if self._is_deaf else self._connect(link))
        except* OSError:
            link.reset()  # one side has broken it off, or the server is not there

    def _closed(self, serving: asyncio.Task[None]) -> None:
        self._links.pop(serving).close()

    async def _connect(self, link: "_Link") -> None:
        reader, writer = await asyncio.open_connection(*self._server_address)
        link.server_writer = writer
        async with asyncio.TaskGroup() as both:
            both.create_task(self._forward(Direction.TO_SERVER, link.client_reader, writer))
            both.create_task(self._forward(Direction.TO_CLIENT, reader, link.client_writer))

    async def _forward(self, direction: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        on_the_way = OnTheWay(MOST_CHUNKS)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._depart(reader, on_the_way))
            both.create_task(self._arrive(direction, on_the_way, writer))

    async def _depart(self, reader: asyncio.StreamReader, on_the_way: OnTheWay) -> None:
        data = NOT_THE_END
        while data:
            data = await reader.read(READ_BYTES)
            await on_the_way.put((time.monotonic() + self._delay_s, data))

    async def _arrive(self, direction: Direction, on_the_way: OnTheWay, writer: asyncio.StreamWriter) -> None:
        data = NOT_THE_END
        while data:
            due, data = await on_the_way.get()
            await asyncio.sleep(due - time.monotonic())
            for part in self._parts(data):
                await self._pass(direction, writer)
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(self._gap_s)
        await self._pass(direction, writer)
        writer.write_eof()

    async def _pass(self, direction: Direction, writer: asyncio.StreamWriter) -> None:
        """Raises ConnectionResetError when the link was reset meanwhile."""
        await self._passing[direction].wait()
        if writer.is_closing():
            raise ConnectionResetError

    def _parts(self, data: bytes) -> Sequence[bytes]:
        return [data[index : index + 1] for index in range(len(data))] if self._gap_s else [data]


class _Link:
    """The two connections of which it consists; there is no second one while it does not reach the server."""

    def __init__(self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter) -> None:
        self.client_reader = client_reader
        self.client_writer = client_writer
        self.server_writer: asyncio.StreamWriter | None = None

    def reset(self) -> None:
        for writer in self._open_writers():
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
            writer.transport.abort()

    def close(self) -> None:
        for writer in self._open_writers():
            writer.close()

    def _open_writers(self) -> list[asyncio.StreamWriter]:
        writers = (self.client_writer, self.server_writer)
        return [writer for writer in writers if writer is not None and not writer.is_closing()]


async def _swallow(reader: asyncio.StreamReader) -> None:
    while await reader.read(READ_BYTES):
        pass
