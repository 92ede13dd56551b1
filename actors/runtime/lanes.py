"""Lanes: Unix stream sockets in a private folder that carry batches of messages between actors.

The consumer serves, producers connect. A frame is a length, a number and a msgpack struct of messages.lanes. A lane
that retains keeps each frame until the consumer has confirmed its number, and sends it again over a new connection: so
the death of a consumer loses nothing that its producer still has. Why not Thespian's mailboxes: a tell costs about
0.5 ms of CPU on either side, can block its sender, and shows message text in Thespian's logs (docs/decisions).
"""

import asyncio
import contextlib
import logging
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast

import msgspec

from adapters.telemetry.logs import log_event
from messages.lanes import Confirmed, LaneFrame, StatusRequest

HEADER = struct.Struct(">II")  # bytes of the body, number of the frame
MAX_FRAME_BYTES = 64 * 1024 * 1024  # far above any batch; a larger one is not ours
SOCKET_BUFFER_BYTES = 1024 * 1024  # lets a producer go on while the consumer gathers
PEER_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
RECONNECT_MIN_S = 0.02
RECONNECT_MAX_S = 1.0
GATHER_BELOW = 64  # frames in one delivery; a busier lane is not slowed down

log = logging.getLogger(__name__)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(LaneFrame)


class LaneBroken(Exception):
    """The bytes on a lane are not frames."""


def lane_address(directory: Path, name: str) -> str:
    """Path of a lane that fits the 108 octets of sun_path however long the folder's own path is.

    For the processes of the service, whose folder stays the same; see `address_in` for others.
    """
    return address_in(_directory_fd(directory), name)


def address_in(directory_fd: int, name: str) -> str:
    """The same for an open folder."""
    return f"/proc/self/fd/{directory_fd}/{name}"


_directory_fds: dict[Path, int] = {}


def _directory_fd(directory: Path) -> int:
    if directory not in _directory_fds:
        _directory_fds[directory] = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    return _directory_fds[directory]


class LaneOwner(Protocol):
    """Whoever uses a connection: LaneServer, LaneClient, or a one-time question."""

    def connected(self, connection: "LaneConnection") -> None: ...
    def received(self, connection: "LaneConnection", frames: list[tuple[int, Any]]) -> None: ...
    def disconnected(self, connection: "LaneConnection") -> None: ...


class LaneConnection(asyncio.Protocol):
    """One connection of either side: frames in, frames out."""

    def __init__(self, owner: LaneOwner) -> None:
        self._owner = owner
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
        self._owner.connected(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            frames = self._take_frames()
        except (LaneBroken, msgspec.MsgspecError) as error:
            log_event(log, logging.ERROR, "lane_broken", cause=type(error).__name__)
            self.close()
            return
        if frames:
            self._owner.received(self, frames)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._owner.disconnected(self)

    def send(self, message: Any, number: int = 0) -> None:
        self.write(encode_frame(message, number))

    def write(self, frame: bytes) -> None:
        if self._transport is not None:
            self._transport.write(frame)

    def confirm(self, numbers: list[int]) -> None:
        self.send(Confirmed(numbers))

    def pause(self) -> None:
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and not self._transport.is_reading():
            self._transport.resume_reading()

    def peer_pid(self) -> int:
        """Pid of the process at the other end (SO_PEERCRED); 0 when the connection is gone."""
        if self._transport is None:
            return 0
        sock = self._transport.get_extra_info("socket")
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER_CREDENTIALS.size)
        pid: int = PEER_CREDENTIALS.unpack(credentials)[0]
        return pid

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _take_frames(self) -> list[tuple[int, Any]]:
        frames = []
        start, end = 0, len(self._buffer)
        while end - start >= HEADER.size:
            body_bytes, number = HEADER.unpack_from(self._buffer, start)
            if body_bytes > MAX_FRAME_BYTES:
                raise LaneBroken
            body_start = start + HEADER.size
            if end - body_start < body_bytes:
                break
            start = body_start + body_bytes
            frames.append((number, _decoder.decode(memoryview(self._buffer)[body_start:start])))
        del self._buffer[:start]
        return frames


def encode_frame(message: Any, number: int = 0) -> bytes:
    body = _encoder.encode(message)
    return HEADER.pack(len(body), number) + body


Delivery = tuple[LaneConnection, int, Any]


class LaneServer:
    """The consuming side. Frames of all producers arrive together, once per turn of the event loop.

    gather_s: after a small delivery the lane is left unread for so long; what producers send meanwhile waits in the
    kernel, where it survives the producer's death and wakes nobody. 0: read at once.
    """

    def __init__(self, address: str, deliver: Callable[[list[Delivery]], None], gather_s: float = 0) -> None:
        self._address = address
        self._deliver = deliver
        self._gather_s = gather_s
        self._pending: list[Delivery] = []
        self._connections: set[LaneConnection] = set()
        self._server: asyncio.AbstractServer | None = None
        self.on_disconnect: Callable[[LaneConnection], None] = lambda _connection: None
        self.on_status: Callable[[LaneConnection], None] = lambda _connection: None

    async def start(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._address)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: LaneConnection(self), self._address, backlog=1024)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()

    def connected(self, connection: LaneConnection) -> None:
        self._connections.add(connection)

    def disconnected(self, connection: LaneConnection) -> None:
        self._connections.discard(connection)
        self.on_disconnect(connection)

    def received(self, connection: LaneConnection, frames: list[tuple[int, Any]]) -> None:
        if not self._pending:
            asyncio.get_running_loop().call_soon(self._deliver_pending)
        for number, message in frames:
            if isinstance(message, StatusRequest):
                self.on_status(connection)
            else:
                self._pending.append((connection, number, message))

    def _deliver_pending(self) -> None:
        pending, self._pending = self._pending, []
        if not pending:
            return
        self._deliver(pending)
        if self._gather_s and len(pending) < GATHER_BELOW:
            self._gather()

    def _gather(self) -> None:
        for connection in self._connections:
            connection.pause()
        asyncio.get_running_loop().call_later(self._gather_s, self._resume)

    def _resume(self) -> None:
        for connection in self._connections:
            connection.resume()


class LaneClient:
    """The producing side. Connects by itself, again and again with backoff, until it is closed."""

    def __init__(self, address: str, on_reply: Callable[[Any], None] | None = None, *, retain: bool = False) -> None:
        self._address = address
        self._on_reply = on_reply
        self._retained: dict[int, bytes] | None = {} if retain else None
        self._on_safe: dict[int, Callable[[], None]] = {}
        self._number = 0
        self._connection: LaneConnection | None = None
        self._closed = False
        self._connecting: asyncio.Task[None] | None = None
        self.on_connect: Callable[[], None] = lambda: None
        self.on_disconnect: Callable[[], None] = lambda: None

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    def peer_pid(self) -> int:
        return self._connection.peer_pid() if self._connection is not None else 0

    @property
    def unconfirmed(self) -> int:
        return len(self._retained) if self._retained is not None else 0

    def start(self) -> None:
        """Connect; a second call while it is connected or connecting changes nothing."""
        if self._connection is None and (self._connecting is None or self._connecting.done()):
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    def close(self) -> None:
        self._closed = True
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection is not None:
            self._connection.close()

    def send(self, message: Any, on_safe: Callable[[], None] | None = None) -> bool:
        """Send now, or, on a retaining lane, when there is a connection. False: not sent and not kept.

        on_safe: only of a retaining lane; called once, when the consumer has confirmed the frame.
        """
        self._number = self._number % 0xFFFFFFFF + 1
        frame = encode_frame(message, self._number)
        if self._retained is not None:
            self._retained[self._number] = frame
            if on_safe is not None:
                self._on_safe[self._number] = on_safe
        if self._connection is None:
            return self._retained is not None
        self._connection.write(frame)
        return True

    def connected(self, connection: LaneConnection) -> None:
        self._connection = connection
        for frame in (self._retained or {}).values():
            connection.write(frame)
        self.on_connect()

    def disconnected(self, connection: LaneConnection) -> None:
        self._connection = None
        if not self._closed:
            self.on_disconnect()
            self.start()

    def received(self, connection: LaneConnection, frames: list[tuple[int, Any]]) -> None:
        for _number, message in frames:
            if isinstance(message, Confirmed):
                self._forget(message.numbers)
            elif self._on_reply is not None:
                self._on_reply(message)

    def _forget(self, numbers: list[int]) -> None:
        if self._retained is not None:
            for number in numbers:
                self._retained.pop(number, None)
                if on_safe := self._on_safe.pop(number, None):
                    on_safe()

    async def _connect(self) -> None:
        delay_s = RECONNECT_MIN_S
        loop = asyncio.get_running_loop()
        while not self._closed:
            with contextlib.suppress(OSError):
                await loop.create_unix_connection(lambda: LaneConnection(self), self._address)
            if self._connection is not None:
                return
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, RECONNECT_MAX_S)


class LaneWatch:
    """Whether someone serves a lane: a connection that only waits for its end."""

    def __init__(self, address: str) -> None:
        self._client = LaneClient(address)
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.start()

    async def connected(self, within_s: float) -> bool:
        try:
            await asyncio.wait_for(self._up.wait(), within_s)
        except TimeoutError:
            return False
        return True

    async def lost(self) -> None:
        await self._down.wait()

    @property
    def pid(self) -> int:
        """Of the process that serves the lane; 0 while there is no connection."""
        return self._client.peer_pid()

    def _connected(self) -> None:
        self._up.set()
        self._down.clear()

    def _disconnected(self) -> None:
        self._up.clear()
        self._down.set()
