"""The GSM 7-bit default alphabet, unpacked and packed."""

import json
from pathlib import Path
from typing import Any

import pytest
from smpplib import gsm as smpplib_gsm

from smpp import gsm7

TABLES = json.loads((Path(__file__).parents[2] / "vectors" / "texts.json").read_text(encoding="utf-8"))
PACKED = [pytest.param(vector, id=vector["id"]) for vector in TABLES["packed"]]
CLASSES = TABLES["classes"]

SMPPLIB_DEFECTS = set("`§\f")
"""A code for the backtick, none for the section sign and the form feed."""


def test_the_alphabet_has_128_septets_and_the_extension_table_10() -> None:
    assert (len(set(gsm7.ALPHABET)), len(gsm7.EXTENSION)) == (128, 10)


@pytest.mark.parametrize("character", sorted({*gsm7.ALPHABET, *gsm7.EXTENSION.values()} - {"\x1b"} - SMPPLIB_DEFECTS))
def test_a_character_has_the_septets_that_smpplib_gives_it(character: str) -> None:
    assert gsm7.encode(character) == smpplib_gsm.gsm_encode(character)


@pytest.mark.parametrize("code", range(0x250))
def test_a_character_has_septets_where_smpplib_has_some_and_only_there(code: int) -> None:
    character = chr(code)
    in_smpplib = character in smpplib_gsm.GSM_CHARACTER_TABLE and character != "\x1b"
    assert (gsm7.encode(character) is not None) == (in_smpplib ^ (character in SMPPLIB_DEFECTS))


def test_the_section_sign_and_the_form_feed_are_in_the_tables_and_the_backtick_is_not() -> None:
    assert [gsm7.encode(character) for character in "§\f`"] == [b"\x5f", b"\x1b\x0a", None]


def test_an_escape_character_has_no_septet_of_its_own() -> None:
    assert gsm7.encode("a\x1be") is None


@pytest.mark.parametrize("text", [vector["text"] for vector in CLASSES if vector["kind"] == "not-gsm7"])
def test_a_text_with_a_foreign_character_has_no_septets(text: str) -> None:
    assert gsm7.encode(text) is None


@pytest.mark.parametrize("vector", [vector for vector in CLASSES if vector["kind"] == "is-gsm7"])
def test_a_text_of_the_alphabet_has_its_number_of_septets(vector: dict[str, Any]) -> None:
    septets = gsm7.encode(vector["text"])
    assert septets is not None
    assert len(septets) == vector["septets"]


@pytest.mark.parametrize("vector", [vector for vector in CLASSES if "decoded" in vector])
def test_octets_from_the_public_record_that_are_no_text_are_still_read(vector: dict[str, Any]) -> None:
    assert gsm7.decode(bytes.fromhex(vector["hex"])) == vector["decoded"]


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"a\x1bAb", "aAb"),  # an unknown extension shows as the character of the main table
        (b"a\x1b\x1bb", "a b"),  # reserved for a further table
        (b"a\x1b", "a "),
        (b"\x1b\x1b\x1b\x65", " €"),
        (b"\x80\xff\x1b\xff", "\ufffd\ufffd\ufffd"),
        (b"\x1b\x0a\x1b\x14", "\f^"),
    ],
)
def test_what_no_sender_should_write_is_read_as_23_038_says(octets: bytes, text: str) -> None:
    assert gsm7.decode(octets) == text


@pytest.mark.parametrize("vector", PACKED)
def test_septets_are_packed(vector: dict[str, Any]) -> None:
    septets = gsm7.encode(vector["text"])
    assert septets is not None
    packed = gsm7.pack(septets, fill_bits=vector.get("fill_bits", 0), cr_padding=vector.get("cr_padding", False))
    assert packed.hex() == vector["hex"]


@pytest.mark.parametrize("vector", PACKED)
def test_septets_whose_number_is_known_are_unpacked(vector: dict[str, Any]) -> None:
    octets = bytes.fromhex(vector["hex"])
    septets = gsm7.unpack(octets, count=vector["septets"], fill_bits=vector.get("fill_bits", 0))
    assert gsm7.decode(septets) == vector["text"]


@pytest.mark.parametrize(
    ("hexadecimal", "text"),
    [
        ("31d98c56b3dd00", "1234567"),
        ("31d98c56b3dd1a", "1234567"),
        ("31d98c56b3dd70", "12345678"),
        ("61f1985c369f01", "abcdefg"),  # "abcdefg@" has the same octets
        ("c8329bfd06dddf723619", "Hello world"),
        ("", ""),
    ],
)
def test_a_last_septet_that_may_be_padding_is_dropped_when_the_number_is_unknown(hexadecimal: str, text: str) -> None:
    assert gsm7.decode(gsm7.unpack(bytes.fromhex(hexadecimal))) == text


def test_no_more_septets_are_unpacked_than_there_are() -> None:
    assert gsm7.unpack(b"\x31", count=100) == b"\x31"


def test_fill_bits_longer_than_the_octets_leave_nothing() -> None:
    assert gsm7.unpack(b"", fill_bits=1) == b""
