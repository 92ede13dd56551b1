"""Optional parameters: tolerant to read, strict to make."""

import json
from pathlib import Path
from typing import Any

import pytest

from smpp.constants import Tag
from smpp.tlv import (
    TLV_FORMATS,
    TlvValue,
    encode_tlvs,
    find_tlv,
    make_tlv,
    parse_tlvs,
    split_tlvs,
    tag_name,
    tlv_value,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "pdu.json").read_text())["vectors"]
TLVS = [tlv for vector in VECTORS for tlv in vector["expect"].get("tlvs", [])]

STATE_DELIVERED = bytes.fromhex("0427000102")


def typed_value(tlv: dict[str, Any]) -> TlvValue:
    octets = bytes.fromhex(tlv["value_hex"])
    value: TlvValue = tlv.get("value_int", tlv.get("value_str", octets))
    return value


@pytest.mark.parametrize("tlv", TLVS, ids=lambda tlv: tlv["tag"])
def test_a_tlv_seen_in_the_field_has_its_name_and_value(tlv: dict[str, Any]) -> None:
    tag = int(tlv["tag"], 16)
    assert tag_name(tag) == (tlv["name"] or tlv["tag"])
    assert tlv_value(tag, bytes.fromhex(tlv["value_hex"])) == typed_value(tlv)


def test_every_tag_of_the_specification_has_a_format() -> None:
    assert TLV_FORMATS.keys() == set(Tag)


def test_tlvs_come_in_order_known_or_not() -> None:
    assert parse_tlvs(bytes.fromhex("1403000133 0427000102 130c0000")) == (
        (0x1403, b"3"),
        (Tag.MESSAGE_STATE, b"\x02"),
        (Tag.ALERT_ON_MESSAGE_DELIVERY, b""),
    )


def test_no_octets_are_no_tlvs() -> None:
    assert parse_tlvs(b"") == ()


@pytest.mark.parametrize("rest", ["00", "0210", "021000", "001e004133303500"])
def test_octets_that_are_no_whole_tlv_do_not_cost_those_before_them(rest: str) -> None:
    octets = bytes.fromhex(rest)
    assert split_tlvs(STATE_DELIVERED + octets) == (((Tag.MESSAGE_STATE, b"\x02"),), octets)


@pytest.mark.parametrize("rest", ["00", "0210", "021000", "001e004133303500"])
def test_octets_that_are_no_whole_tlv_are_given_back_as_they_are(rest: str) -> None:
    octets = bytes.fromhex(rest)
    assert split_tlvs(octets) == ((), octets)


def test_a_stray_nul_before_the_tlvs_is_skipped() -> None:
    assert split_tlvs(b"\0" + STATE_DELIVERED) == (((Tag.MESSAGE_STATE, b"\x02"),), b"")


def test_a_stray_nul_behind_a_string_that_does_not_count_it_is_skipped() -> None:
    octets = bytes.fromhex("001e00023738") + b"\0" + STATE_DELIVERED
    assert split_tlvs(octets) == (((Tag.RECEIPTED_MESSAGE_ID, b"78"), (Tag.MESSAGE_STATE, b"\x02")), b"")


def test_a_stray_nul_is_skipped_only_where_whole_tlvs_follow_to_the_end() -> None:
    octets = bytes.fromhex("001e00023738") + b"\0" + STATE_DELIVERED
    assert split_tlvs(octets + b"\xff") == (((Tag.RECEIPTED_MESSAGE_ID, b"78"),), b"\0" + STATE_DELIVERED + b"\xff")


def test_a_tlv_whose_tag_begins_with_nul_is_not_taken_for_a_stray_one() -> None:
    assert split_tlvs(bytes.fromhex("001e00023700")) == (((Tag.RECEIPTED_MESSAGE_ID, b"7\0"),), b"")


@pytest.mark.parametrize(
    ("tag", "octets"),
    [
        (Tag.MESSAGE_STATE, b""),
        (Tag.MESSAGE_STATE, b"\0\2"),
        (Tag.SAR_MSG_REF_NUM, b"\1"),
        (Tag.NETWORK_ERROR_CODE, b"\3\0\x0a"),
        (0x1403, b"38636"),
    ],
)
def test_a_value_that_does_not_fit_its_tag_stays_raw(tag: int, octets: bytes) -> None:
    assert tlv_value(tag, octets) == octets


@pytest.mark.parametrize(
    ("octets", "text"),
    [(b"7\0", "7"), (b"7", "7"), (b"7\0junk", "7"), (b"", ""), (b"\xe9\0", "é")],
)
def test_a_string_value_ends_at_its_nul_if_it_has_one(octets: bytes, text: str) -> None:
    assert tlv_value(Tag.RECEIPTED_MESSAGE_ID, octets) == text


@pytest.mark.parametrize(
    ("tag", "value", "octets"),
    [
        (Tag.MESSAGE_STATE, 2, b"\x02"),
        (Tag.SAR_MSG_REF_NUM, 258, b"\x01\x02"),
        (Tag.QOS_TIME_TO_LIVE, 1, b"\0\0\0\1"),
        (Tag.RECEIPTED_MESSAGE_ID, "00ab0", b"00ab0\0"),
        (Tag.MESSAGE_PAYLOAD, b"A", b"A"),
        (Tag.ALERT_ON_MESSAGE_DELIVERY, b"", b""),
    ],
)
def test_a_typed_value_becomes_a_tlv(tag: Tag, value: TlvValue, octets: bytes) -> None:
    assert make_tlv(tag, value) == (tag, octets)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (Tag.MESSAGE_STATE, 256),
        (Tag.MESSAGE_STATE, -1),
        (Tag.MESSAGE_STATE, "2"),
        (Tag.MESSAGE_STATE, b"\x02"),
        (Tag.RECEIPTED_MESSAGE_ID, "7" * 65),
        (Tag.RECEIPTED_MESSAGE_ID, "7\0"),
        (Tag.RECEIPTED_MESSAGE_ID, "\u20ac"),
        (Tag.NETWORK_ERROR_CODE, b"\3\0"),
        (Tag.ALERT_ON_MESSAGE_DELIVERY, b"\0"),
        (Tag.MESSAGE_PAYLOAD, 7),
    ],
)
def test_a_typed_value_that_does_not_fit_is_refused_by_name(tag: Tag, value: TlvValue) -> None:
    with pytest.raises(ValueError, match=f"^TLV {tag_name(tag)}: not a "):
        make_tlv(tag, value)


def test_tlvs_are_encoded_in_order() -> None:
    tlvs = ((Tag.MESSAGE_STATE, b"\x02"), (0x1403, b""))
    assert encode_tlvs(tlvs) == bytes.fromhex("0427000102 14030000")


@pytest.mark.parametrize("tag", [-1, 0x10000])
def test_a_tag_of_more_than_16_bits_is_refused(tag: int) -> None:
    with pytest.raises(ValueError, match=r"does not fit 16 bits"):
        encode_tlvs(((tag, b""),))


def test_a_value_of_more_than_65535_octets_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^TLV message_payload: 65536 octets, at most 65535$"):
        encode_tlvs(((Tag.MESSAGE_PAYLOAD, bytes(65_536)),))


def test_the_first_tlv_of_a_tag_is_found() -> None:
    tlvs = ((Tag.SAR_MSG_REF_NUM, b"\0\1"), (Tag.MESSAGE_STATE, b"\2"), (Tag.MESSAGE_STATE, b"\5"))
    assert find_tlv(tlvs, Tag.MESSAGE_STATE) == b"\2"


def test_a_tag_that_is_not_there_is_not_found() -> None:
    assert find_tlv(((Tag.MESSAGE_STATE, b"\2"),), Tag.MESSAGE_PAYLOAD) is None
