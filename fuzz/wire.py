"""Octets of a TCP stream, and of PDUs in it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from smpp.constants import MIN_PDU_BYTES, CommandId
from smpp.errors import PduError, StreamError
from smpp.framing import FrameBuffer
from smpp.hot import ShortMessage, decode_data_sm, decode_short_message, decode_submit_sm_resp
from smpp.pdu import Pdu, decode_pdu, encode_pdu

_HOT = {
    CommandId.SUBMIT_SM: decode_short_message,
    CommandId.DELIVER_SM: decode_short_message,
    CommandId.DATA_SM: decode_data_sm,
}


def stream(data: bytes) -> None:
    """However a stream is cut, it gives the same PDUs and breaks at the same place. The first octet cuts it."""
    piece_bytes, octets = (data[0] + 1 if data else 1), data[1:]
    assert _frames(cut(octets, piece_bytes)) == _frames([octets])


def _frames(pieces: list[bytes]) -> tuple[list[bytes], bool]:
    """The PDUs, and whether the stream broke behind them."""
    buffer, frames = FrameBuffer(), []
    for piece in pieces:
        try:
            frames += buffer.feed(piece)
        except StreamError as error:
            return [*frames, *error.frames], True
    return frames, False


def pdu(data: bytes) -> None:
    """A PDU that is taken survives encoding; the octets behind its last TLV are not sent again."""
    frame = as_frame(data)
    with suppress(PduError, StreamError):
        read = decode_pdu(frame)
        assert decode_pdu(encode_pdu(read)) == replace(read, trailing=b"")


def short_message(data: bytes) -> None:
    """The codec of the hot PDUs takes what the table of fields takes, and reads the same."""
    frame = as_frame(data)
    with suppress(PduError, StreamError):
        decode_submit_sm_resp(frame)
    for command_id, decode in _HOT.items():
        one = frame[:4] + command_id.to_bytes(4, "big") + frame[8:]
        assert _outcome(decode, one) == _outcome(_by_table, one)


def _outcome(decode: Callable[[bytes], ShortMessage], frame: bytes) -> ShortMessage | int | None:
    """What is read, or the status to refuse it with, or None where it is no PDU at all."""
    try:
        return decode(frame)
    except PduError as error:
        return error.command_status
    except StreamError:
        return None


def _by_table(frame: bytes) -> ShortMessage:
    read: Pdu = decode_pdu(frame)
    return ShortMessage(**read.fields, tlvs=read.tlvs)  # type: ignore[arg-type]


def as_frame(data: bytes) -> bytes:
    """The octets with the length of a PDU at their start, which no mutation would find by itself."""
    return len(data).to_bytes(4, "big") + data[4:] if len(data) >= MIN_PDU_BYTES else data


def cut(octets: bytes, piece_bytes: int) -> list[bytes]:
    return [octets[start : start + piece_bytes] for start in range(0, len(octets), piece_bytes)]
