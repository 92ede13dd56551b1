"""Frames of the actors' ports: of whoever does not know the secret, not one octet beyond the header is read.

    length of the body (4 octets), its HMAC-SHA256, HMAC-SHA256 of these two, body

The second HMAC is checked as soon as the header is there. So a stranger can neither announce a large body nor have
one kept, and no body is unpickled before its own HMAC is checked.
"""

import hashlib
import hmac
import struct
from collections.abc import Callable
from typing import Any

_DIGEST_BYTES = hashlib.sha256().digest_size
_ANNOUNCEMENT = struct.Struct(f">I{_DIGEST_BYTES}s")
HEADER_BYTES = _ANNOUNCEMENT.size + _DIGEST_BYTES


class Seal:
    """Makes frames, and knows its own ones."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "Seal()"

    def frame(self, body: bytes) -> bytes:
        announcement = _ANNOUNCEMENT.pack(len(body), self._digest(body))
        return announcement + self._digest(announcement) + body

    def body_bytes(self, header: bytes) -> int | None:
        """How many octets follow; None where the header is not ours."""
        announcement, digest = header[: _ANNOUNCEMENT.size], header[_ANNOUNCEMENT.size :]
        if not hmac.compare_digest(digest, self._digest(announcement)):
            return None
        length: int = _ANNOUNCEMENT.unpack(announcement)[0]
        return length

    def is_whole(self, header: bytes, body: bytes) -> bool:
        """Whether the body is the one that the header, which is ours, announces."""
        return hmac.compare_digest(_ANNOUNCEMENT.unpack_from(header)[1], self._digest(body))

    def _digest(self, octets: bytes) -> bytes:
        return hmac.digest(self._secret, octets, "sha256")


class ReceivedFrame:
    """One frame on its way in, in place of Thespian's ReceiveBuffer: with its names, and with bounds.

    What is not ours is done at once and never completed: that is how Thespian knows a packet to drop.
    """

    def __init__(self, seal: Seal, read: Callable[[bytes], Any]) -> None:
        self._seal = seal
        self._read = read
        self._received = bytearray()
        self._frame_bytes = 0
        self._is_forged = False

    def addMore(self, data: bytes) -> None:
        self._received += data
        if not self._frame_bytes and len(self._received) >= HEADER_BYTES:
            self._look_at_header()

    def remainingAmount(self) -> int:
        """How much to read next."""
        return (self._frame_bytes or HEADER_BYTES) - len(self._received)

    def isDone(self) -> bool:
        return self._is_forged or bool(self._frame_bytes and self.remainingAmount() <= 0)

    def completed(self) -> tuple[Any, bytes] | None:
        """What the frame carries, and what came behind it; None while it is not whole, and for what is not ours."""
        if self._is_forged or not self.isDone():
            return None
        body = bytes(self._received[HEADER_BYTES : self._frame_bytes])
        if not self._seal.is_whole(bytes(self._received[:HEADER_BYTES]), body):
            return None
        return self._read(body), bytes(self._received[self._frame_bytes :])

    def removeExtra(self) -> None:
        del self._received[self._frame_bytes :]

    def _look_at_header(self) -> None:
        body_bytes = self._seal.body_bytes(bytes(self._received[:HEADER_BYTES]))
        if body_bytes is None:
            self._is_forged = True
            self._received.clear()
        else:
            self._frame_bytes = HEADER_BYTES + body_bytes
