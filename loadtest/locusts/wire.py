"""The client protocol of NATS as bytes: what a client writes, and a reader of what the server writes.

Source: NATS documentation, "Client Protocol"; headers: ADR-4. Why our own: docs/decisions/0033-locust-with-gevent.md.
"""

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

END = b"\r\n"
MAX_CONTROL_LINE = 4096  # octets, the server's own default
MAX_PAYLOAD = 64 * 1024 * 1024  # octets, the most that a server can be told to take
STATUS_LINE = b"NATS/1.0 "

PING, PONG = b"PING\r\n", b"PONG\r\n"


class ProtocolError(Exception):
    """What came is not the protocol; the connection is of no use any more."""


class Word(Enum):
    """What the server says without anything more."""

    PING = b"PING"
    PONG = b"PONG"
    OK = b"+OK"


class Info(NamedTuple):
    """The first that a server says of itself; again when its cluster changes."""

    fields: Mapping[str, Any]


class Refused(NamedTuple):
    """The server's -ERR; after most of them it closes the connection."""

    reason: str


class Delivery(NamedTuple):
    """A message for the subscription `sid`. status: of its headers, such as 503 for nobody there; 0 without one."""

    sid: int
    subject: bytes
    reply: bytes
    status: int
    payload: bytes


Operation = Word | Info | Refused | Delivery


def connect(fields: Mapping[str, Any]) -> bytes:
    """CONNECT with these options."""
    return b"CONNECT " + json.dumps(fields).encode() + END


def publish(subject: bytes, reply: bytes, payload: bytes) -> bytes:
    """PUB whose answer goes to `reply`."""
    return b"PUB %b %b %d\r\n%b\r\n" % (subject, reply, len(payload), payload)


def subscribe(subject: bytes, sid: int) -> bytes:
    """SUB, numbered `sid`."""
    return b"SUB %b %d\r\n" % (subject, sid)


class Reader:
    """Cuts what comes into operations, in whatever pieces it comes."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[Operation]:
        """The operations that are whole now; to be read to the end. ProtocolError."""
        buffer = self._buffer + data if self._buffer else data
        start = 0
        try:
            while (end := buffer.find(END, start)) >= 0:
                operation, after = _operation(buffer, start, end)
                if operation is None:
                    break
                start = after
                yield operation
        except (ValueError, KeyError, IndexError) as error:
            raise ProtocolError(f"not an operation of NATS: {buffer[start : start + 20]!r}") from error
        self._buffer = buffer[start:]
        if buffer.find(END, start) < 0 and len(self._buffer) > MAX_CONTROL_LINE:
            raise ProtocolError(f"a line of more than {MAX_CONTROL_LINE} octets")


def _operation(buffer: bytes, start: int, end: int) -> tuple[Operation | None, int]:
    """The operation whose first line is buffer[start:end], None when more has to come, and where the next begins."""
    line = buffer[start:end]
    if line.startswith((b"MSG ", b"HMSG ")):
        return _delivery(buffer, line.split(b" "), end + len(END))
    if line.startswith(b"INFO "):
        return Info(json.loads(line[5:])), end + len(END)
    if line.startswith(b"-ERR"):
        return Refused(line[4:].strip(b" '").decode(errors="replace")), end + len(END)
    return Word(line), end + len(END)


def _delivery(buffer: bytes, words: list[bytes], start: int) -> tuple[Delivery | None, int]:
    """MSG subject sid [reply] size, HMSG subject sid [reply] header-size size; the payload begins at `start`."""
    size = int(words[-1])
    if not 0 <= size <= MAX_PAYLOAD:
        raise ProtocolError(f"a message of {size} octets")
    end = start + size
    if len(buffer) < end + len(END):
        return None, start
    has_headers = words[0] == b"HMSG"
    headers = int(words[-2]) if has_headers else 0
    reply = words[3] if len(words) == (6 if has_headers else 5) else b""
    status = _status(buffer[start : start + headers]) if has_headers else 0
    return Delivery(int(words[2]), words[1], reply, status, buffer[start + headers : end]), end + len(END)


def _status(headers: bytes) -> int:
    """Of the line "NATS/1.0 503 No Responders"; 0 where it is the version alone."""
    line = headers[: headers.find(END)]
    return int(line[len(STATUS_LINE) :].split(b" ")[0]) if line.startswith(STATUS_LINE) else 0
