"""Long messages: cut into segments, and parts put together again."""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from smpp import gsm7
from smpp.constants import ESM_CLASS_UDHI, Tag
from smpp.cuts import cut_octets, cut_septets, cut_ucs2
from smpp.forms import TooManyParts
from smpp.hot import ShortMessage
from smpp.segments import (
    LongMessages,
    Part,
    Segment,
    SegmentJoiner,
    part_of,
    split_data,
    split_text,
)
from smpp.text import Encoding, encode_text
from smpp.udh import concat8

TABLES = Path(__file__).parents[2] / "vectors"
TEXTS = json.loads((TABLES / "texts.json").read_text(encoding="utf-8"))["texts"]
VECTORS = {vector["id"]: vector for vector in json.loads((TABLES / "segments.json").read_text())["vectors"]}

GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2
UDH8, UDH16, SAR, PAYLOAD = LongMessages.UDH8, LongMessages.UDH16, LongMessages.SAR, LongMessages.PAYLOAD
REFERENCE = 0xABCD


def whole(runs: str | list[list[Any]]) -> str:
    return runs if isinstance(runs, str) else "".join(run * times for run, times in runs)


def content_of(segment: Segment) -> bytes:
    if not segment.short_message:
        return b"".join(value for tag, value in segment.tlvs if tag == Tag.MESSAGE_PAYLOAD)
    header_octets = segment.short_message[0] + 1 if segment.esm_class_bits else 0
    return segment.short_message[header_octets:]


def message_of(segment: Segment) -> ShortMessage:
    return ShortMessage(esm_class=segment.esm_class_bits, short_message=segment.short_message, tlvs=segment.tlvs)


SPLITS = [
    pytest.param(
        whole(vector["text"]),
        Encoding(vector["encoding"]),
        LongMessages(mode),
        (bytes.fromhex(whole(vector["hex"])), sizes),
        id=f"{vector['id']} {mode} {vector.get('name', '')}",
    )
    for vector in TEXTS
    for mode, sizes in vector["parts"].items()
]


@pytest.mark.parametrize(("text", "encoding", "mode", "expected"), SPLITS)
def test_a_text_takes_exactly_these_parts(
    text: str, encoding: Encoding, mode: LongMessages, expected: tuple[bytes, list[int]]
) -> None:
    contents = [content_of(segment) for segment in split_text(text, encoding, mode, REFERENCE)]
    assert (b"".join(contents), [len(content) for content in contents]) == expected


def test_a_text_that_fits_an_sms_goes_out_as_it_is() -> None:
    for mode in LongMessages:
        assert split_text("hi", GSM7, mode, REFERENCE) == [Segment(b"hi", 0, (), 1, 1)]


def test_udh8_puts_six_octets_before_each_part() -> None:
    assert split_text("a" * 161, GSM7, UDH8, REFERENCE) == [
        Segment(bytes.fromhex("050003cd0201") + b"a" * 153, ESM_CLASS_UDHI, (), 1, 2),
        Segment(bytes.fromhex("050003cd0202") + b"a" * 8, ESM_CLASS_UDHI, (), 2, 2),
    ]


def test_udh16_puts_seven_octets_before_each_part() -> None:
    assert split_text("a" * 161, GSM7, UDH16, REFERENCE) == [
        Segment(bytes.fromhex("060804abcd0201") + b"a" * 152, ESM_CLASS_UDHI, (), 1, 2),
        Segment(bytes.fromhex("060804abcd0202") + b"a" * 9, ESM_CLASS_UDHI, (), 2, 2),
    ]


def test_sar_puts_the_same_into_tlvs() -> None:
    def tlvs(part: int) -> tuple[tuple[int, bytes], ...]:
        return (
            (Tag.SAR_MSG_REF_NUM, b"\xab\xcd"),
            (Tag.SAR_TOTAL_SEGMENTS, b"\x02"),
            (Tag.SAR_SEGMENT_SEQNUM, bytes([part])),
        )

    assert split_text("a" * 161, GSM7, SAR, REFERENCE) == [
        Segment(b"a" * 153, 0, tlvs(1), 1, 2),
        Segment(b"a" * 8, 0, tlvs(2), 2, 2),
    ]


def test_payload_leaves_the_cutting_to_the_smsc() -> None:
    assert split_text("a" * 161, GSM7, PAYLOAD, REFERENCE) == [
        Segment(b"", 0, ((Tag.MESSAGE_PAYLOAD, b"a" * 161),), 1, 1)
    ]


def test_a_reference_longer_than_its_field_keeps_its_lower_bits() -> None:
    assert split_text("a" * 161, GSM7, UDH16, 0x12ABCD) == split_text("a" * 161, GSM7, UDH16, REFERENCE)


@pytest.mark.parametrize(
    ("octets", "sizes"), [(0, [0]), (140, [140]), (141, [134, 7]), (268, [134, 134]), (269, [134, 134, 1])]
)
def test_binary_content_is_cut_every_134_octets(octets: int, sizes: list[int]) -> None:
    data = bytes(index % 256 for index in range(octets))
    contents = [content_of(segment) for segment in split_data(data, UDH8, REFERENCE)]
    assert (b"".join(contents), [len(content) for content in contents]) == (data, sizes)


def test_long_binary_content_goes_into_a_payload_whole() -> None:
    assert split_data(b"\0" * 141, PAYLOAD, REFERENCE) == [Segment(b"", 0, ((Tag.MESSAGE_PAYLOAD, b"\0" * 141),), 1, 1)]


@pytest.mark.parametrize("mode", LongMessages)
def test_a_text_of_256_parts_is_refused_in_every_mode(mode: LongMessages) -> None:
    with pytest.raises(TooManyParts) as raised:
        split_text("a" * (153 * 255 + 1), GSM7, mode, REFERENCE)
    assert raised.value.parts >= 256


def test_a_text_that_needs_256_parts_only_because_pairs_stay_whole_is_refused() -> None:
    with pytest.raises(TooManyParts, match="256 parts"):
        split_text("€" * (76 * 255 + 1), GSM7, UDH8, REFERENCE)


def test_binary_content_of_256_parts_is_refused() -> None:
    with pytest.raises(TooManyParts, match="256 parts"):
        split_data(b"\0" * (134 * 255 + 1), UDH8, REFERENCE)


def test_the_repr_of_segments_and_parts_hides_the_content() -> None:
    segments = split_text("secret" * 60, GSM7, PAYLOAD, REFERENCE) + split_text("secret" * 60, GSM7, UDH8, REFERENCE)
    assert "secret" not in repr([segments, part_of(message_of(segments[1]))])


# The public record.


@pytest.mark.parametrize("vector_id", ["seg-008", "seg-009", "seg-011", "seg-012"])
def test_packed_parts_are_cut_where_others_cut_them(vector_id: str) -> None:
    vector = VECTORS[vector_id]
    parts = cut_septets(encode_text(vector["text"], GSM7), 153)
    assert {
        "segments": len(parts),
        "segments_payload_hex": [gsm7.pack(part, fill_bits=1, cr_padding=True).hex() for part in parts],
        "segment_texts": [gsm7.decode(part) for part in parts],
        "septets": [len(part) for part in parts],
    } == vector["expect"]


@pytest.mark.parametrize("vector_id", ["seg-018", "seg-019", "seg-022"])
def test_a_text_is_split_only_where_it_has_to_be(vector_id: str) -> None:
    vector = VECTORS[vector_id]
    segments = split_text(vector["text"], GSM7, UDH8, REFERENCE)
    septets = sum(len(content_of(segment)) for segment in segments)
    assert {"must_split": len(segments) > 1, "septets": septets} == vector["expect"]


@pytest.mark.parametrize("vector_id", ["seg-025", "seg-033", "seg-037", "seg-038"])
def test_septets_are_counted_as_the_specification_counts_them(vector_id: str) -> None:
    vector = VECTORS[vector_id]
    segments = split_text(vector["text"], GSM7, LongMessages(vector["mode"]), REFERENCE)
    contents = [content_of(segment) for segment in segments]
    expect = vector["expect"]
    assert (len(contents), sum(map(len, contents))) == (expect["segments"], expect["septets"])
    assert [gsm7.decode(content) for content in contents] == expect.get(
        "segment_texts", [gsm7.decode(content) for content in contents]
    )


@pytest.mark.parametrize(
    ("vector_id", "code_units"),
    [("seg-027", [66, 6]), ("seg-028", [66, 66, 8]), ("seg-039", [70]), ("seg-042", [67, 67, 1])],
)
def test_code_units_are_counted_and_pairs_stay_whole(vector_id: str, code_units: list[int]) -> None:
    vector = VECTORS[vector_id]
    contents = [content_of(segment) for segment in split_text(vector["text"], UCS2, UDH8, REFERENCE)]
    assert [len(content) // 2 for content in contents] == code_units
    assert len(contents) == vector["expect"]["segments"]


def test_an_odd_limit_moves_the_whole_code_unit() -> None:
    vector = VECTORS["seg-014"]
    parts = cut_ucs2(encode_text(vector["text"], UCS2), 107)
    assert [part.hex() for part in parts] == vector["expect"]["segments_payload_hex"]


@pytest.mark.parametrize("vector_id", ["seg-043", "seg-046"])
def test_binary_parts_have_the_sizes_that_others_give_them(vector_id: str) -> None:
    expect = VECTORS[vector_id]["expect"]
    segments = split_data(bytes(expect["input_octets"]), UDH8, REFERENCE)
    assert [len(segment.short_message) for segment in segments] == expect["octets"]


def test_parts_of_one_octet_are_numbered_like_others() -> None:
    vector = VECTORS["seg-047"]
    parts = cut_octets(vector["text"].encode("ascii"), 1)
    framed = [(concat8(0x7B, len(parts), part) + content).hex() for part, content in enumerate(parts, 1)]
    assert framed == vector["expect"]["segments_hex"]


def test_a_16_bit_reference_has_two_octets_where_jsmpp_writes_one() -> None:
    vector = VECTORS["seg-002"]
    theirs = [bytes.fromhex(segment)[7:] for segment in vector["expect"]["segments_hex"]]
    segments = split_text(vector["text"], GSM7, UDH16, 0x04D2)
    assert [segment.short_message for segment in segments] == [
        bytes.fromhex("06080404d20201") + theirs[0],
        bytes.fromhex("06080404d20202") + theirs[1],
    ]


# Parts of MO messages.


@pytest.mark.parametrize("mode", [UDH8, UDH16, SAR])
def test_parts_come_together_in_any_order(mode: LongMessages) -> None:
    content = b"a" * 153 + b"b" * 153 + b"c" * 7
    segments = split_text(content.decode("ascii"), GSM7, mode, 7)
    for order in permutations(segments):
        joiner = SegmentJoiner(len(segments))
        parts = [part_of(message_of(segment)) for segment in order]
        assert [joiner.add(part) for part in parts if part] == [None] * (len(segments) - 1) + [content]


def test_a_part_says_where_it_belongs() -> None:
    segments = split_text("a" * 161, GSM7, SAR, REFERENCE)
    assert part_of(message_of(segments[1])) == Part(REFERENCE, 2, 2, b"a" * 8)


def test_a_whole_message_is_no_part() -> None:
    assert part_of(ShortMessage(short_message=b"hi")) is None


def test_a_header_without_concatenation_makes_no_part() -> None:
    ports = bytes.fromhex("06050423f40000")
    assert part_of(ShortMessage(esm_class=ESM_CLASS_UDHI, short_message=ports + b"x")) is None


def test_a_part_may_stand_in_message_payload() -> None:
    message = ShortMessage(esm_class=ESM_CLASS_UDHI, tlvs=((Tag.MESSAGE_PAYLOAD, concat8(9, 2, 2) + b"x"),))
    assert part_of(message) == Part(9, 2, 2, b"x")


def test_the_header_counts_more_than_sar_tlvs() -> None:
    (segment, _) = split_text("a" * 161, GSM7, SAR, REFERENCE)
    message = ShortMessage(esm_class=ESM_CLASS_UDHI, short_message=concat8(9, 3, 2) + b"x", tlvs=segment.tlvs)
    assert part_of(message) == Part(9, 2, 3, b"x")


@pytest.mark.parametrize(
    "tlvs",
    [
        ((Tag.SAR_MSG_REF_NUM, b"\0\1"), (Tag.SAR_TOTAL_SEGMENTS, b"\2")),
        ((Tag.SAR_MSG_REF_NUM, b"\0\1"), (Tag.SAR_TOTAL_SEGMENTS, b"\2"), (Tag.SAR_SEGMENT_SEQNUM, b"\3")),
        ((Tag.SAR_MSG_REF_NUM, b"\0\1"), (Tag.SAR_TOTAL_SEGMENTS, b"\xff\xff"), (Tag.SAR_SEGMENT_SEQNUM, b"\1")),
        ((Tag.SAR_MSG_REF_NUM, b"\0\1"), (Tag.SAR_TOTAL_SEGMENTS, b""), (Tag.SAR_SEGMENT_SEQNUM, b"")),
    ],
)
def test_incomplete_or_impossible_sar_tlvs_make_no_part(tlvs: tuple[tuple[int, bytes], ...]) -> None:
    assert part_of(ShortMessage(short_message=b"x", tlvs=tlvs)) is None


def test_of_a_part_that_comes_twice_the_first_counts() -> None:
    joiner = SegmentJoiner(2)
    assert joiner.add(Part(1, 2, 2, b"b")) is None
    assert joiner.add(Part(1, 2, 2, b"x")) is None
    assert joiner.add(Part(1, 1, 2, b"a")) == b"ab"


def test_a_part_of_another_message_does_not_complete_this_one() -> None:
    joiner = SegmentJoiner(2)
    assert joiner.add(Part(1, 1, 2, b"a")) is None
    assert joiner.add(Part(1, 3, 3, b"x")) is None
