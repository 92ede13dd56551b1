"""One TCP connection to an SMSC: sockets and timers around the sans-IO EsmeConnection."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from typing import cast

from actors.runtime.alarm import Alarm
from adapters.smsc_tls import fault_words
from config.operators import Endpoint
from smpp.esme import EsmeConnection
from smpp.events import Event, PeerUnbound, StreamBroken
from smpp.session import BOUND

USER_TIMEOUT_MS = 20_000  # unacknowledged data for so long means that the link is dead
KEEPALIVE_IDLE_S = 15
KEEPALIVE_INTERVAL_S = 5
KEEPALIVE_PROBES = 3
WRITE_PAUSE_BYTES = 256 * 1024  # unwritten octets above which nothing more is read: bounds what gathers


class SmppLink(asyncio.Protocol):
    """Feeds what is read into the connection, writes what it has to say, and keeps its one timer.

    on_events gets all events of one read together; on_lost comes exactly once, with `reason`: why it ended, for people.
    """

    def __init__(
        self,
        connection: EsmeConnection,
        on_events: Callable[["SmppLink", list[Event]], None],
        on_lost: Callable[["SmppLink", str], None],
    ) -> None:
        self.connection = connection
        self._on_events = on_events
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._alarm = Alarm(self._tick)
        self.reason = "link closed by the SMSC"
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass
        self._transport.set_write_buffer_limits(high=WRITE_PAUSE_BYTES)
        _set_socket_options(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        self._handle(self.connection.receive_data(data, time.monotonic()))

    def pause_writing(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.closed.set()
        self._alarm.cancel()
        if exc is not None:
            self.reason = fault_words(exc)
        self._on_lost(self, self.reason)

    def flush(self) -> None:
        """Write what the connection has to say and look at its next deadline."""
        data = self.connection.data_to_send()
        if data and self._transport is not None:
            self._transport.write(data)
        self._arm()

    def ask(self, now: float) -> None:
        """Whether the SMSC lives; not on a link that is about to end."""
        if self.connection.state in BOUND:
            self.connection.enquire_link(now)
            self.flush()

    def close(self, reason: str) -> None:
        """Close once what is written has left; on_lost will say why."""
        self.reason = reason
        if self._transport is not None:
            self._transport.close()

    def abort(self, reason: str) -> None:
        self.reason = reason
        if self._transport is not None:
            self._transport.abort()

    def _handle(self, events: list[Event]) -> None:
        if events:
            self._on_events(self, events)
        self.flush()
        for event in events:
            if isinstance(event, PeerUnbound):
                self.close("unbound by the SMSC")
            elif isinstance(event, StreamBroken):
                self.close(f"unreadable stream: {event.reason}")

    def _arm(self) -> None:
        deadline = self.connection.next_deadline()
        if deadline is not None and self._transport is not None:
            self._alarm.set(deadline)

    def _tick(self) -> None:
        self._handle(self.connection.tick(time.monotonic()))


async def open_link(
    endpoint: Endpoint, tls: ssl.SSLContext | None, make_link: Callable[[], SmppLink], timeout_s: float
) -> SmppLink:
    """Connect to the first address of the endpoint that answers; names are resolved anew each time.

    An address that does not answer leaves the others their share of the time. Raises OSError (also for TLS) and
    TimeoutError.
    """
    loop = asyncio.get_running_loop()
    server_name = (endpoint.tls_server_name or endpoint.host) if tls else None
    resolving = loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    found = await asyncio.wait_for(resolving, timeout_s)
    failure = OSError("the name has no address")
    for *_, address in found:
        connecting = loop.create_connection(
            make_link, str(address[0]), endpoint.port, ssl=tls, server_hostname=server_name
        )
        try:
            _transport, link = await asyncio.wait_for(connecting, timeout_s / len(found))
        except OSError as error:
            failure = error
        else:
            return link
    raise failure


def _set_socket_options(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES)
