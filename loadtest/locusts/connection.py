"""One connection to NATS for gevent: NKey, TLS, reconnects, and everything written gathered into few sends."""

import base64
import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import gevent
import nkeys
from gevent import socket, ssl
from gevent.event import Event

from loadtest.locusts import wire

DEFAULT_PORT = 4222
CONNECT_S = 5.0  # for one server, to the end of the handshake
SILENCE_S = 15.0  # without a word, not even a pong: the server is gone
PING_EVERY_S = 5.0
RECONNECT_MIN_S, RECONNECT_MAX_S = 0.1, 5.0
RECEIVE_BYTES = 256 * 1024
MAX_OUTGOING_BYTES = 64 * 1024 * 1024

log = logging.getLogger(__name__)

Handler = Callable[[wire.Delivery], None]


class NatsError(Exception):
    """NATS cannot be reached, refuses us, or does not answer; the message says which."""


class Server(NamedTuple):
    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class Login:
    """Where to connect and as whom. seed_file: the NKey seed. ca_file: PEM, else the system's; with it nothing goes in
    the clear, whatever the server says."""

    servers: Sequence[Server]
    seed_file: Path | None = None
    ca_file: Path | None = None


def servers_of(urls: str) -> list[Server]:
    """Of comma separated URLs, nats:// or tls://; NatsError."""
    return [_server(url.strip()) for url in urls.split(",")]


class Connection:
    """Made once with `open`, and again whenever it breaks. What waits to be written then is lost, and counted by who
    waits for its answer."""

    def __init__(self, login: Login, name: str) -> None:
        self._login = login
        self._name = name
        self._handlers: dict[int, Handler] = {}
        self._subjects: dict[int, bytes] = {}
        self._outgoing: list[bytes] = []
        self._outgoing_bytes = 0
        self._wake = Event()
        self._link: socket.socket | None = None
        self._greenlets: list[gevent.Greenlet] = []
        self.connections = 0

    def open(self) -> None:
        """Connect to one of the servers; NatsError when none lets us in."""
        operations = self._connect()
        self._greenlets = [gevent.spawn(self._run, operations), gevent.spawn(self._write_out)]

    def close(self) -> None:
        """No more of it."""
        gevent.killall(self._greenlets)
        self._drop()

    def subscribe(self, subject: bytes, handler: Handler) -> None:
        """Deliveries go to `handler`, also after a reconnect."""
        sid = len(self._subjects) + 1
        self._subjects[sid], self._handlers[sid] = subject, handler
        if self._link is not None:
            self.write(wire.subscribe(subject, sid))

    def write(self, data: bytes) -> None:
        """Send it soon; NatsError while there is no connection, or too much waits."""
        if self._link is None or self._outgoing_bytes > MAX_OUTGOING_BYTES:
            raise NatsError("no connection" if self._link is None else "too much waits to be written")
        self._outgoing.append(data)
        self._outgoing_bytes += len(data)
        self._wake.set()

    def _run(self, operations: Iterator[wire.Operation]) -> None:
        while True:
            try:
                for operation in operations:
                    self._handle(operation)
            except (OSError, wire.ProtocolError) as error:
                log.warning("the connection to NATS broke: %s", error)
            self._drop()
            operations = self._reconnect()

    def _handle(self, operation: wire.Operation) -> None:
        if isinstance(operation, wire.Delivery):
            self._handlers[operation.sid](operation)
        elif operation is wire.Word.PING:
            with suppress(NatsError):
                self.write(wire.PONG)
        elif isinstance(operation, wire.Refused):
            log.warning("NATS refused: %s", operation.reason)

    def _write_out(self) -> None:
        while True:
            self._wake.wait(PING_EVERY_S)
            self._wake.clear()
            waiting, self._outgoing, self._outgoing_bytes = self._outgoing or [wire.PING], [], 0
            if self._link is not None:
                with suppress(OSError):  # whoever reads notices it, too
                    self._link.sendall(b"".join(waiting))

    def _reconnect(self) -> Iterator[wire.Operation]:
        pause_s = RECONNECT_MIN_S
        while True:
            gevent.sleep(pause_s * random.uniform(0.5, 1.0))
            try:
                return self._connect()
            except NatsError as error:
                log.warning("%s", error)
            pause_s = min(2 * pause_s, RECONNECT_MAX_S)

    def _connect(self) -> Iterator[wire.Operation]:
        """Of the first server that lets us in: what it says from then on."""
        complaints = []
        for server in self._login.servers:
            try:
                with gevent.Timeout(CONNECT_S, TimeoutError("no answer")):
                    return self._enter(server)
            except (OSError, wire.ProtocolError) as error:
                complaints.append(f"{server.host}:{server.port}: {error}")
        raise NatsError(f"no NATS server lets us in: {'; '.join(complaints)}")

    def _enter(self, server: Server) -> Iterator[wire.Operation]:
        """Nobody else writes before the handshake is over: until then there is no `_link`."""
        link = socket.create_connection((server.host, server.port))
        try:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            operations = _operations(link)
            info = _info(operations)
            if server.tls or self._login.ca_file or info.get("tls_required"):
                link = self._encrypted(link, server.host)
                operations = _operations(link)
            self._introduce(link, operations, info)
        except BaseException:
            link.close()
            raise
        self._begin(link)
        return operations

    def _introduce(self, link: socket.socket, operations: Iterator[wire.Operation], info: Mapping[str, Any]) -> None:
        link.sendall(wire.connect(self._introduction(info)) + wire.PING)
        while (answer := next(operations)) is not wire.Word.PONG:
            if isinstance(answer, wire.Refused):
                raise ConnectionRefusedError(answer.reason)

    def _begin(self, link: socket.socket) -> None:
        link.settimeout(SILENCE_S)
        self._link = link
        self.connections += 1
        self._outgoing, self._outgoing_bytes = [], 0
        for sid, subject in self._subjects.items():
            self.write(wire.subscribe(subject, sid))

    def _encrypted(self, link: socket.socket, host: str) -> socket.socket:
        ca_file = self._login.ca_file
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        return context.wrap_socket(link, server_hostname=host)

    def _introduction(self, info: Mapping[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True}
        fields |= {"name": self._name, "lang": "python", "version": "0", "protocol": 1}
        if self._login.seed_file is not None:
            fields |= _signed(info.get("nonce", ""), self._login.seed_file)
        return fields

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()


def _operations(link: socket.socket) -> Iterator[wire.Operation]:
    """What the server says; OSError when it hangs up."""
    reader = wire.Reader()
    while data := link.recv(RECEIVE_BYTES):
        yield from reader.feed(data)
    raise ConnectionResetError("the server hung up")


def _info(operations: Iterator[wire.Operation]) -> Mapping[str, Any]:
    info = next(operations)
    if not isinstance(info, wire.Info):
        raise wire.ProtocolError(f"{info} in place of INFO")
    return info.fields


def _signed(nonce: str, seed_file: Path) -> dict[str, str]:
    """Of CONNECT: who we are, and the proof."""
    try:
        pair = nkeys.from_seed(seed_file.read_bytes().strip())
    except (nkeys.NkeysError, ValueError):
        raise NatsError(f"{seed_file} holds no NKey seed") from None
    signature = base64.urlsafe_b64encode(pair.sign(nonce.encode()))
    return {"nkey": pair.public_key.decode(), "sig": signature.rstrip(b"=").decode()}


def _server(url: str) -> Server:
    parts = urlsplit(url if "://" in url else f"nats://{url}")
    try:
        port = parts.port or DEFAULT_PORT
    except ValueError:
        port = 0
    if parts.scheme not in ("nats", "tls") or not parts.hostname or not port:
        raise NatsError(f"not a NATS URL: {url}")
    return Server(parts.hostname, port, parts.scheme == "tls")
