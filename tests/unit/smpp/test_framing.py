"""PDUs cut out of a stream, with streams from the public record."""

import json
from pathlib import Path
from typing import Any

import pytest

from smpp.errors import StreamError
from smpp.framing import FrameBuffer, Header, parse_header

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "streams.json").read_text())["vectors"]
WHOLE = [vector for vector in VECTORS if vector["expect_unconsumed_hex"] is not None]
BROKEN = [vector for vector in VECTORS if vector["expect_unconsumed_hex"] is None]

ENQUIRE_LINK = bytes.fromhex("00000010000000150000000000000001")


def chunks_of(vector: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(chunk) for chunk in vector["chunks_hex"]]


def expected_frames(vector: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(frame) for frame in vector["expect_pdus_hex"]]


def feed_all(chunks: list[bytes]) -> tuple[list[bytes], str]:
    """The frames of a stream, and the reason why it broke, if it did."""
    buffer = FrameBuffer()
    frames: list[bytes] = []
    for chunk in chunks:
        try:
            frames += buffer.feed(chunk)
        except StreamError as error:
            return frames + list(error.frames), error.reason
    return frames, ""


@pytest.mark.parametrize("vector", WHOLE, ids=lambda vector: vector["id"])
def test_a_stream_gives_its_pdus_as_it_was_cut(vector: dict[str, Any]) -> None:
    assert feed_all(chunks_of(vector)) == (expected_frames(vector), "")


@pytest.mark.parametrize("vector", WHOLE, ids=lambda vector: vector["id"])
def test_a_stream_gives_its_pdus_octet_by_octet(vector: dict[str, Any]) -> None:
    stream = b"".join(chunks_of(vector))
    octets = [stream[i : i + 1] for i in range(len(stream))]
    assert feed_all(octets) == (expected_frames(vector), "")


def test_what_is_no_whole_pdu_yet_waits_for_the_rest() -> None:
    buffer = FrameBuffer()
    assert buffer.feed(ENQUIRE_LINK + ENQUIRE_LINK[:15]) == [ENQUIRE_LINK]
    assert buffer.feed(ENQUIRE_LINK[15:]) == [ENQUIRE_LINK]


@pytest.mark.parametrize("vector", BROKEN, ids=lambda vector: vector["id"])
def test_a_stream_that_is_not_smpp_is_refused_after_its_whole_pdus(vector: dict[str, Any]) -> None:
    frames, reason = feed_all(chunks_of(vector))
    assert frames == expected_frames(vector)
    assert reason.startswith("command_length ")


def test_a_broken_stream_stays_broken() -> None:
    buffer = FrameBuffer()
    with pytest.raises(StreamError):
        buffer.feed(b"HTTP/1.1 400 Bad Request\r\n")
    with pytest.raises(StreamError, match=r"^command_length 0x48545450 is outside 16\.\.65536$"):
        buffer.feed(ENQUIRE_LINK)


@pytest.mark.parametrize("length", [16, 65_536])
def test_the_shortest_and_the_longest_pdu_are_taken(length: int) -> None:
    frame = length.to_bytes(4, "big") + bytes(length - 4)
    assert FrameBuffer().feed(frame) == [frame]


@pytest.mark.parametrize("length", [0, 15, 65_537, 0x80000010])
def test_a_command_length_out_of_range_is_refused_before_anything_follows_it(length: int) -> None:
    with pytest.raises(StreamError):
        FrameBuffer().feed(length.to_bytes(4, "big"))


def test_many_pdus_in_one_read_come_out_in_order() -> None:
    frames = [ENQUIRE_LINK[:-2] + number.to_bytes(2, "big") for number in range(1000)]
    assert FrameBuffer().feed(b"".join(frames)) == frames


def test_a_header_is_read_as_its_four_fields() -> None:
    frame = bytes.fromhex("000000108000000400000058fffffffe")
    assert parse_header(frame) == Header(16, 0x80000004, 0x58, 0xFFFFFFFE)


def test_less_than_a_header_is_no_pdu() -> None:
    with pytest.raises(StreamError, match=r"^15 octets are no PDU$"):
        parse_header(ENQUIRE_LINK[:15])
