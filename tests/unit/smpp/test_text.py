"""Encodings, the choice between them, and data_coding."""

import json
from pathlib import Path
from typing import Any

import pytest

from smpp.text import (
    Encoding,
    UnencodableText,
    data_coding,
    decode_text,
    encode_text,
    encoding_of,
)

TABLES = json.loads((Path(__file__).parents[2] / "vectors" / "texts.json").read_text(encoding="utf-8"))

GSM7, LATIN1, ASCII = Encoding.GSM7, Encoding.LATIN1, Encoding.ASCII
UCS2, BINARY = Encoding.UCS2, Encoding.BINARY


def whole(runs: str | list[list[Any]]) -> str:
    return runs if isinstance(runs, str) else "".join(run * times for run, times in runs)


def entry(vector: dict[str, Any]) -> Any:
    octets = bytes.fromhex(whole(vector["hex"]))
    return pytest.param(whole(vector["text"]), Encoding(vector["encoding"]), octets, id=vector["id"])


TEXTS = [entry(vector) for vector in TABLES["texts"]]


@pytest.mark.parametrize(("text", "encoding", "octets"), TEXTS)
def test_a_text_has_exactly_these_octets(text: str, encoding: Encoding, octets: bytes) -> None:
    assert encode_text(text, encoding) == octets


@pytest.mark.parametrize(("text", "encoding", "octets"), TEXTS)
def test_octets_are_read_back(text: str, encoding: Encoding, octets: bytes) -> None:
    assert decode_text(octets, encoding) == text


def test_at_least_sixty_texts_are_tried() -> None:
    assert len(TEXTS) >= 60


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    (vector,) = [vector for vector in TABLES["not_ours"] if vector["id"] == "enc-045"]
    assert decode_text(bytes.fromhex(vector["hex"]), UCS2) == vector["text"]


def test_little_endian_ucs2_is_read_behind_its_mark_only() -> None:
    (vector,) = [vector for vector in TABLES["not_ours"] if vector["id"] == "enc-062"]
    octets = bytes.fromhex(vector["hex"])
    assert decode_text(b"\xff\xfe" + octets, UCS2) == vector["text"]
    assert decode_text(octets, UCS2) != vector["text"]


def test_the_error_tells_where_and_of_which_kind_but_not_what() -> None:
    with pytest.raises(UnencodableText) as raised:
        encode_text("secret 😀 and ã", GSM7)
    error = raised.value
    assert (error.encoding, error.position, error.category, error.count) == (GSM7, 7, "So", 2)
    assert str(error) == "gsm7 lacks 2 of the characters, the first at 7 (So)"
    assert (error.__cause__, error.__context__) == (None, None)


def test_half_a_surrogate_pair_cannot_be_sent() -> None:
    with pytest.raises(UnencodableText):
        encode_text("a\ud83d", UCS2)


@pytest.mark.parametrize(
    ("octets", "encoding", "text"),
    [
        (b"\xd8\x3d\x00a", UCS2, "\ufffda"),
        (b"\x00a\x00", UCS2, "a\ufffd"),
        (b"a\xe9", ASCII, "a\ufffd"),
        (b"a\xa1", Encoding.HEBREW, "a\ufffd"),
    ],
)
def test_what_cannot_be_read_becomes_a_replacement_character(octets: bytes, encoding: Encoding, text: str) -> None:
    assert decode_text(octets, encoding) == text


def test_binary_content_is_no_text_in_either_direction() -> None:
    with pytest.raises(ValueError, match="binary content is no text"):
        encode_text("a", BINARY)
    with pytest.raises(ValueError, match="binary content is no text"):
        decode_text(b"a", BINARY)


@pytest.mark.parametrize(
    ("encoding", "default_alphabet", "flash", "value"),
    [
        (GSM7, GSM7, False, 0x00),
        (LATIN1, LATIN1, False, 0x00),
        (ASCII, ASCII, False, 0x00),
        (ASCII, GSM7, False, 0x01),
        (LATIN1, GSM7, False, 0x03),
        (BINARY, GSM7, False, 0x04),
        (Encoding.CYRILLIC, GSM7, False, 0x06),
        (Encoding.HEBREW, GSM7, False, 0x07),
        (UCS2, LATIN1, False, 0x08),
        (GSM7, GSM7, True, 0x10),
        (GSM7, LATIN1, True, 0x10),
        (BINARY, GSM7, True, 0x14),
        (UCS2, GSM7, True, 0x18),
    ],
)
def test_data_coding_names_the_encoding(
    encoding: Encoding, default_alphabet: Encoding, flash: bool, value: int
) -> None:
    assert data_coding(encoding, default_alphabet, flash=flash) == value
    assert encoding_of(value, default_alphabet) is encoding


@pytest.mark.parametrize(("encoding", "default_alphabet", "flash"), [(GSM7, LATIN1, False), (LATIN1, LATIN1, True)])
def test_there_is_no_data_coding_for_some(encoding: Encoding, default_alphabet: Encoding, flash: bool) -> None:
    with pytest.raises(ValueError, match="no data_coding means"):
        data_coding(encoding, default_alphabet, flash=flash)


@pytest.mark.parametrize(
    ("value", "encoding"),
    [
        (0x02, BINARY),
        (0x05, BINARY),  # JIS and the other Asian sets are handed over as they came
        (0x0E, BINARY),
        (0x11, GSM7),
        (0x1C, BINARY),  # reserved alphabet
        (0x28, BINARY),  # compressed
        (0x48, UCS2),
        (0x80, BINARY),
        (0xC0, GSM7),
        (0xD8, GSM7),
        (0xE0, UCS2),
        (0xF0, GSM7),
        (0xF5, BINARY),
    ],
)
def test_received_data_codings_of_the_gsm_groups_are_understood(value: int, encoding: Encoding) -> None:
    assert encoding_of(value, LATIN1) is encoding
