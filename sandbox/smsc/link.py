"""The TCP connection of one ESME, and the ways in which it can be made to fail."""

import asyncio
import socket
import struct
from time import monotonic
from typing import Protocol, cast

from sandbox.smsc.outbox import Delivery
from smpp.bind import BindMode
from smpp.constants import CommandId
from smpp.events import Event
from smpp.hot import header
from smpp.smsc import SmscConnection

_HALF_PDU = header(CommandId.DELIVER_SM, 0, 1, 184) + bytes(30)  # 46 octets of 200
_LINGER_ZERO = struct.pack("ii", 1, 0)  # closing then sends RST (socket(7), SO_LINGER)


class Owner(Protocol):
    """Whom a link tells what happens."""

    def link_opened(self, link: "Link") -> None: ...

    def link_said(self, link: "Link", events: list[Event], now: float) -> None: ...

    def link_has_room(self, link: "Link", now: float) -> None: ...

    def link_closed(self, link: "Link", now: float) -> None: ...


class Link(asyncio.Protocol):
    """Carries octets between a socket and an SmscConnection, and gathers what one turn of the loop writes."""

    def __init__(self, owner: Owner, connection: SmscConnection, silent: bool) -> None:
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._is_flush_due = False
        self._is_congested = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self.connection = connection
        self.silent = silent
        self.number = 0
        """Of all connections since the start, from 1 on."""
        self.system_id = ""
        self.mode: BindMode | None = None
        """How the ESME is bound; None before that."""
        self.waiting = 0
        """submit_sm whose answers are delayed."""

    @property
    def room(self) -> int:
        return 0 if self.silent or self._is_congested else self.connection.free_slots

    def deliver(self, delivery: Delivery, now: float) -> None:
        """Send a deliver_sm."""
        self.connection.deliver(delivery.body, delivery, now)
        delivery.tally.sent += 1
        self.flush_soon()

    def flush_soon(self) -> None:
        """Write what has gathered before the loop waits again."""
        if not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Write what has gathered, then end the link (FIN)."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Break the link off (RST)."""
        if self._transport is None:
            return
        peer = self._transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self._transport.abort()

    def fall_silent(self) -> None:
        """Read on, but answer nothing any more."""
        self._flush()
        self.silent = True

    def speak_again(self) -> None:
        """Answer what comes from now on."""
        self.silent = False
        self.flush_soon()

    def stop_inside_a_pdu(self) -> None:
        """Send the first octets of a deliver_sm, then nothing any more."""
        self.connection.send_raw(_HALF_PDU)
        self.fall_silent()

    def send_garbage(self, data: bytes) -> None:
        """Send octets that are no PDU."""
        self.connection.send_raw(data)
        self.flush_soon()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it
        self._owner.link_opened(self)

    def data_received(self, data: bytes) -> None:
        now = monotonic()  # uvloop's own time has whole milliseconds only
        self._tell(self.connection.receive_data(data, now), now)

    def pause_writing(self) -> None:
        assert self._transport is not None
        self._is_congested = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        assert self._transport is not None
        self._is_congested = False
        self._transport.resume_reading()
        self._owner.link_has_room(self, monotonic())

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        self._owner.link_closed(self, monotonic())

    def _tell(self, events: list[Event], now: float) -> None:
        self.flush_soon()
        if events:
            self._owner.link_said(self, events, now)

    def _flush(self) -> None:
        self._is_flush_due = False
        data = self.connection.data_to_send()
        if self._transport is None:
            return
        if data and not self.silent:
            self._transport.write(data)
        self._set_timer()

    def _set_timer(self) -> None:
        # Deadlines mostly move away; a timer that comes too early only looks again.
        deadline = None if self.silent else self.connection.next_deadline()
        if deadline is None or (self._timer is not None and self._timer_at <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self._loop.call_later(max(0.0, deadline - monotonic()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self.silent:
            return
        now = monotonic()
        self._tell(self.connection.tick(now), now)
