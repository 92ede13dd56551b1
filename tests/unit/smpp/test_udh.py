"""User data headers."""

import json
from pathlib import Path
from typing import Any

import pytest

from smpp.constants import ESM_CLASS_UDHI, Tag
from smpp.hot import ShortMessage
from smpp.udh import Concatenation, build_udh, concat8, concat16, concatenation, parse_udh, user_data

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "udh.json").read_text(encoding="utf-8"))["vectors"]
BY_ID = [pytest.param(vector, id=f"{vector['id']} {vector.get('note', '')}") for vector in VECTORS]

HEADER = bytes.fromhex("0500030c0201")


def elements_of(vector: dict[str, Any]) -> tuple[tuple[int, bytes], ...]:
    return tuple((identifier, bytes.fromhex(octets)) for identifier, octets in vector["elements"])


@pytest.mark.parametrize("vector", BY_ID)
def test_a_header_gives_its_elements_and_the_content_behind_it(vector: dict[str, Any]) -> None:
    assert parse_udh(bytes.fromhex(vector["hex"])) == (elements_of(vector), bytes.fromhex(vector["content"]))


@pytest.mark.parametrize("vector", BY_ID)
def test_the_elements_say_which_part_of_a_long_message_this_is(vector: dict[str, Any]) -> None:
    expected = vector["concatenation"]
    assert concatenation(elements_of(vector)) == (Concatenation(**expected) if expected else None)


def test_elements_are_written_one_behind_the_other() -> None:
    assert build_udh(((0x05, b"\x23\xf4\x00\x00"), (0x70, b""))).hex() == "08050423f400007000"


def test_a_header_of_more_than_255_octets_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="range"):
        build_udh(((0x70, b"x" * 254),))


def test_a_concatenation_with_an_8_bit_reference_takes_6_octets() -> None:
    assert concat8(0x0C, 2, 1) == HEADER == build_udh(((0x00, b"\x0c\x02\x01"),))


def test_a_concatenation_with_a_16_bit_reference_takes_7_octets() -> None:
    assert concat16(0x04D2, 2, 1) == bytes.fromhex("06080404d20201") == build_udh(((0x08, b"\x04\xd2\x02\x01"),))


def test_a_header_is_looked_for_only_where_esm_class_says_there_is_one() -> None:
    assert user_data(ShortMessage(short_message=HEADER + b"x")) == ((), HEADER + b"x")


def test_the_header_is_taken_off_the_content() -> None:
    message = ShortMessage(esm_class=ESM_CLASS_UDHI, short_message=HEADER + b"x")
    assert user_data(message) == (((0, b"\x0c\x02\x01"),), b"x")


def test_content_in_message_payload_is_found() -> None:
    message = ShortMessage(esm_class=ESM_CLASS_UDHI, tlvs=((Tag.MESSAGE_PAYLOAD, HEADER + b"x"),))
    assert user_data(message) == (((0, b"\x0c\x02\x01"),), b"x")


def test_a_message_without_content_has_none() -> None:
    assert user_data(ShortMessage(esm_class=ESM_CLASS_UDHI)) == ((), b"")
