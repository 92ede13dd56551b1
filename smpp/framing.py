"""PDUs out of the bytes of a TCP stream, however they were cut (SMPP 3.4, 3.2)."""

from struct import Struct
from typing import NamedTuple

from smpp.constants import MAX_PDU_BYTES, MIN_PDU_BYTES
from smpp.errors import StreamError

_LENGTH_BYTES = 4

_command_length = Struct(">I").unpack_from
_header = Struct(">4I").unpack_from


class Header(NamedTuple):
    """The first 16 octets of every PDU (SMPP 3.4, 3.2)."""

    command_length: int
    command_id: int
    command_status: int
    sequence_number: int


def parse_header(frame: bytes) -> Header:
    """The header of a frame; StreamError where it is shorter than one."""
    if len(frame) < MIN_PDU_BYTES:
        raise StreamError(f"{len(frame)} octets are no PDU")
    return Header(*_header(frame))


class FrameBuffer:
    """Cuts a stream into PDUs; holds less than one PDU between two calls.

    Every octet is copied a bounded number of times, whatever the sizes of the pieces.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._wanted_bytes = _LENGTH_BYTES
        self._broken = ""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was received and return the PDUs it completes, headers included.

        Raises StreamError for a command_length outside 16..65536, at once and ever after.
        """
        if self._broken:
            raise StreamError(self._broken)
        if self._pending:
            self._pending += data
            if len(self._pending) < self._wanted_bytes:
                return []
            data = bytes(self._pending)
            self._pending.clear()
        return self._cut(data)

    def _cut(self, data: bytes) -> list[bytes]:
        frames: list[bytes] = []
        start, last_start = 0, len(data) - _LENGTH_BYTES
        self._wanted_bytes = _LENGTH_BYTES
        while start <= last_start:
            (length,) = _command_length(data, start)
            if not MIN_PDU_BYTES <= length <= MAX_PDU_BYTES:  # in hex, 0x48545450 shows that a web server answers
                self._broken = f"command_length {length:#x} is outside {MIN_PDU_BYTES}..{MAX_PDU_BYTES}"
                raise StreamError(self._broken, tuple(frames))
            end = start + length
            if end > len(data):
                self._wanted_bytes = length
                break
            frames.append(data[start:end])
            start = end
        self._pending += data[start:]
        return frames
