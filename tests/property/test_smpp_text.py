"""What holds for every text, every receipt and every octet that a peer may send."""

from datetime import UTC, datetime, timedelta, timezone
from functools import reduce
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from smpp import gsm7
from smpp.composing import UCS2, Composed, Composer, TextRules
from smpp.constants import ESM_CLASS_RECEIPT, ESM_CLASS_TYPE_MASK, MessageState, Tag
from smpp.cuts import cut_ucs2
from smpp.forms import Form
from smpp.graphemes import is_boundary
from smpp.hot import ShortMessage
from smpp.message_id import IdRule, normalise
from smpp.receipt_text import receipt_fields, receipt_time
from smpp.receipts import Receipt, format_receipt, parse_receipt
from smpp.segments import (
    LongMessages,
    Part,
    Segment,
    SegmentJoiner,
    part_of,
    received_content,
    split_data,
    split_text,
)
from smpp.shift_tables import LOCKING, SINGLE, Language, Shift, septet_table, shifts_of
from smpp.smpp_time import RelativeTime, format_absolute, format_relative, parse_time
from smpp.text import Encoding, data_coding, decode_text, encode_text, encoding_of
from smpp.transliteration import transliterate
from smpp.udh import build_udh, concatenation, parse_udh

GSM_CHARACTERS = sorted({*gsm7.ALPHABET, *gsm7.EXTENSION.values()} - {"\x1b"})
BYTE_ORDER_MARKS = "\ufeff\ufffe"
MARKED = ["e\u0301", "❤\ufe0f", "👍🏽", "👨\u200d👩\u200d👧", "🇩🇪", "क्षि", "\u1112\u1161\u11ab", "\r\n"]
LONGEST_MARKED_OCTETS = 16
ANYTHING = st.characters(exclude_categories=["Cs"], exclude_characters=BYTE_ORDER_MARKS)
PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=",;|")

CHARACTERS = {
    Encoding.GSM7: st.sampled_from(GSM_CHARACTERS),
    Encoding.LATIN1: st.characters(max_codepoint=0xFF),
    Encoding.ASCII: st.characters(max_codepoint=0x7F),
    Encoding.UCS2: ANYTHING | st.sampled_from(MARKED),
}
SHIFTS = shifts_of(tuple(Language))
PART_OCTETS = {LongMessages.UDH8: 140, LongMessages.UDH16: 140, LongMessages.SAR: 134}

LETTERS = "abcÅß€[]ğışİçãõêÁÚ“’–…é я😀\u00a0\n"
TYPED = st.lists(st.tuples(st.sampled_from(LETTERS), st.integers(1, 80)), max_size=8).map(
    lambda pieces: "".join(letter * times for letter, times in pieces)
)
RULES = st.builds(
    TextRules,
    default_alphabet=st.sampled_from([Encoding.GSM7, Encoding.GSM7, Encoding.LATIN1, Encoding.ASCII]),
    packed=st.booleans(),
    transliterate=st.booleans(),
    languages=st.lists(st.sampled_from(Language), unique=True).map(tuple),
    latin1=st.booleans(),
)

TLV_TAGS = [Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE, Tag.NETWORK_ERROR_CODE, Tag.MESSAGE_PAYLOAD]
SAR_TAGS = [Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM]


@st.composite
def texts(draw: st.DrawFn, encoding: Encoding) -> str:
    # Long texts from few draws: pieces repeated, so that all kinds of characters come to lie on a boundary.
    pieces = draw(st.lists(st.tuples(CHARACTERS[encoding], st.integers(1, 90)), max_size=10))
    return "".join(piece * times for piece, times in pieces)


def messages(tags: list[Tag]) -> st.SearchStrategy[ShortMessage]:
    tlvs = st.lists(st.tuples(st.sampled_from(tags), st.binary(max_size=40)), max_size=4)
    return st.builds(
        ShortMessage,
        esm_class=st.integers(0, 255),
        data_coding=st.integers(0, 255),
        short_message=st.binary(max_size=254),
        tlvs=tlvs.map(tuple),
    )


def receipt_like() -> st.SearchStrategy[str]:
    keys = st.sampled_from(["id:", "stat:", "Submit Date:", "done_date:", "err:", "text:", "sub :", "DLVRD:", ","])
    values = st.text(max_size=8) | st.sampled_from(["DELIVRD", "2609051430", "200101010030", "180711070003912+", "\0"])
    return st.lists(keys | values | st.just(" "), max_size=20).map("".join)


def carrier(segment: Any) -> ShortMessage:
    return ShortMessage(esm_class=segment.esm_class_bits, short_message=segment.short_message, tlvs=segment.tlvs)


def characters_of(shift: Shift) -> list[str]:
    main = LOCKING[shift.locking] if shift.locking else gsm7.ALPHABET
    extension = SINGLE[shift.single] if shift.single else gsm7.EXTENSION
    return sorted({*main, *extension.values()} - {"\x1b"})


def text_of(composed: Composed) -> str:
    return decode_text(b"".join(composed.contents), composed.form.encoding, composed.form.shift)


def received(segment: Segment, composed: Composed, rules: TextRules) -> tuple[bytes, Form]:
    value = data_coding(composed.form.encoding, rules.default_alphabet)
    message = ShortMessage(
        esm_class=segment.esm_class_bits,
        data_coding=value,
        short_message=segment.short_message,
        tlvs=segment.tlvs,
    )
    return received_content(message, rules.default_alphabet, packed=rules.packed)


def count_of_greedy_parts(content: bytes, limit: int) -> int:
    """Parts as full as pairs allow."""
    if len(content) <= limit:
        return 1
    splits_a_pair = 0xDC <= content[limit] <= 0xDF
    return 1 + count_of_greedy_parts(content[limit - 2 * splits_a_pair :], limit)


def parts_of(text: str, encoding: Encoding, mode: LongMessages) -> list[Part]:
    segments = split_text(text, encoding, mode, 0x1234)
    return [part_of(carrier(segment)) or Part(0, 1, 1, segment.short_message) for segment in segments]


@pytest.mark.parametrize("encoding", CHARACTERS)
@given(mode=st.sampled_from(list(PART_OCTETS)), data=st.data())
def test_the_parts_of_a_text_joined_in_any_order_are_the_text(
    mode: LongMessages, encoding: Encoding, data: st.DataObject
) -> None:
    text = data.draw(texts(encoding))
    parts = data.draw(st.permutations(parts_of(text, encoding, mode)))
    joiner = SegmentJoiner(len(parts))
    joined = reduce(lambda _, part: joiner.add(part), parts, None)
    assert joined is not None
    assert decode_text(joined, encoding) == text


@pytest.mark.parametrize("encoding", CHARACTERS)
@given(mode=st.sampled_from(list(PART_OCTETS)), data=st.data())
def test_every_part_can_be_decoded_alone(mode: LongMessages, encoding: Encoding, data: st.DataObject) -> None:
    text = data.draw(texts(encoding))
    contents = [part.content for part in parts_of(text, encoding, mode)]
    assert "".join(decode_text(content, encoding) for content in contents) == text


@pytest.mark.parametrize("encoding", CHARACTERS)
@given(mode=st.sampled_from(list(PART_OCTETS)), data=st.data())
def test_no_part_is_longer_than_an_sms(mode: LongMessages, encoding: Encoding, data: st.DataObject) -> None:
    for segment in split_text(data.draw(texts(encoding)), encoding, mode, 0x1234):
        content = (part_of(carrier(segment)) or Part(0, 1, 1, segment.short_message)).content
        header_octets = len(segment.short_message) - len(content)
        on_the_air = content
        if encoding in (Encoding.GSM7, Encoding.ASCII):
            septets = b"".join(gsm7.encode(character) or b"?" for character in decode_text(content, encoding))
            on_the_air = gsm7.pack(septets, fill_bits=-header_octets * 8 % 7)
        assert header_octets + len(on_the_air) <= (PART_OCTETS[mode] if segment.parts > 1 else 140)


@given(text=texts(Encoding.UCS2))
def test_a_text_in_one_payload_is_the_text(text: str) -> None:
    (segment,) = split_text(text, Encoding.UCS2, LongMessages.PAYLOAD, 1)
    content = segment.short_message or b"".join(value for _, value in segment.tlvs)
    assert decode_text(content, Encoding.UCS2) == text


@given(data=st.binary(max_size=1000), mode=st.sampled_from(list(PART_OCTETS)))
def test_the_parts_of_binary_content_joined_are_the_content(data: bytes, mode: LongMessages) -> None:
    segments = split_data(data, mode, 1)
    parts = [part_of(carrier(segment)) or Part(0, 1, 1, segment.short_message) for segment in segments]
    assert b"".join(part.content for part in parts) == data


@pytest.mark.parametrize("encoding", CHARACTERS)
@given(data=st.data())
def test_what_is_encoded_is_decoded_the_same(encoding: Encoding, data: st.DataObject) -> None:
    text = data.draw(texts(encoding))
    assert decode_text(encode_text(text, encoding), encoding) == text


@given(shift=st.sampled_from(SHIFTS), data=st.data())
def test_what_is_written_with_national_tables_is_read_the_same(shift: Shift, data: st.DataObject) -> None:
    text = data.draw(st.text(st.sampled_from(characters_of(shift)), max_size=200))
    assert decode_text(encode_text(text, Encoding.GSM7, shift), Encoding.GSM7, shift) == text


@given(septets=st.binary(max_size=300), shift=st.sampled_from(SHIFTS))
def test_any_octets_are_read_with_any_tables(septets: bytes, shift: Shift) -> None:
    assert isinstance(septet_table(shift).decode(septets), str)


@given(text=TYPED, rules=RULES, mode=st.sampled_from(LongMessages), flash=st.booleans())
def test_every_text_goes_out_whole_unless_it_says_that_it_was_altered(
    text: str, rules: TextRules, mode: LongMessages, flash: bool
) -> None:
    composed = Composer(rules, mode).compose(text, flash=flash)
    assert composed.transliterated is (text_of(composed) != text)
    assert rules.transliterate or not composed.transliterated


@given(text=TYPED, rules=RULES, mode=st.sampled_from(LongMessages), reference=st.integers(0, 0xFFFF))
def test_the_parts_of_every_form_read_alone_and_joined_are_the_text(
    text: str, rules: TextRules, mode: LongMessages, reference: int
) -> None:
    composed = Composer(rules, mode).compose(text)
    read = [received(segment, composed, rules) for segment in composed.segments(reference)]
    assert {form.shift for _, form in read} == {composed.form.shift}
    texts = [decode_text(content, form.encoding, form.shift) for content, form in read]
    assert "".join(texts) == text_of(composed)


@given(text=texts(Encoding.GSM7), mode=st.sampled_from([LongMessages.UDH8, LongMessages.UDH16]))
def test_no_packed_part_has_more_than_140_octets(text: str, mode: LongMessages) -> None:
    segments = split_text(text, Encoding.GSM7, mode, 1, packed=True)
    assert max(len(segment.short_message) for segment in segments) <= 140


@given(text=TYPED, rules=RULES, mode=st.sampled_from(LongMessages))
def test_no_form_that_may_be_has_fewer_parts(text: str, rules: TextRules, mode: LongMessages) -> None:
    composed = Composer(rules, mode).compose(text)
    plain = Composer(TextRules(), mode)
    fewest = len(plain.compose_as(text, UCS2).contents)
    assert len(composed.contents) <= fewest


@given(pieces=st.lists(st.sampled_from([*MARKED, "a", "я", "각", "\u0600a"]), min_size=20, max_size=140))
def test_no_cut_is_inside_a_character_where_no_part_has_to_be_full(pieces: list[str]) -> None:
    text = "".join(pieces)
    parts = parts_of(text, Encoding.UCS2, LongMessages.UDH8)
    assume(len(text.encode("utf-16-be")) <= (134 - LONGEST_MARKED_OCTETS) * len(parts))
    lengths = [len(decode_text(part.content, Encoding.UCS2)) for part in parts]
    assert all(is_boundary(text, cut) for cut in accumulate(lengths[:-1]))


@given(pieces=st.lists(st.sampled_from([*MARKED, "a", "я", "각"]), max_size=140))
def test_whole_characters_cost_no_part(pieces: list[str]) -> None:
    content = encode_text("".join(pieces), Encoding.UCS2)
    assert len(cut_ucs2(content, 134)) == count_of_greedy_parts(content, 134)


@given(text=st.text(st.sampled_from("aéİ“”–…½≠\u0301ñ€жå😀\u00a0\t"), max_size=40))
def test_transliteration_leaves_what_is_carried_and_what_has_no_substitute(text: str) -> None:
    def is_carried(character: str) -> bool:
        return gsm7.encode(character) is not None

    written = transliterate(text, is_carried)
    assert transliterate(written, is_carried) == written
    assert [c for c in written if not is_carried(c)] == [c for c in text if c in "ж😀½≠"]


@given(octets=st.binary(max_size=300), value=st.integers(0, 255))
def test_any_octets_are_decoded_to_something(octets: bytes, value: int) -> None:
    encoding = encoding_of(value)
    if encoding is not Encoding.BINARY:
        assert isinstance(decode_text(octets, encoding), str)


@given(septets=st.binary(max_size=300).map(lambda octets: bytes(octet & 0x7F for octet in octets)))
def test_packed_septets_are_unpacked_the_same(septets: bytes) -> None:
    for fill_bits in range(7):
        packed = gsm7.pack(septets, fill_bits=fill_bits)
        assert gsm7.unpack(packed, count=len(septets), fill_bits=fill_bits) == septets


@given(septets=st.binary(max_size=300).map(lambda octets: bytes(octet & 0x7F for octet in octets)))
def test_cr_padding_adds_nothing_that_a_reader_sees(septets: bytes) -> None:
    unpacked = gsm7.unpack(gsm7.pack(septets, cr_padding=True))
    if septets[-1:] not in (b"\0", b"\r"):
        assert unpacked == septets


@given(elements=st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=10)), max_size=20), content=st.binary())
def test_header_elements_are_read_as_they_were_written(elements: list[tuple[int, bytes]], content: bytes) -> None:
    assert parse_udh(build_udh(tuple(elements)) + content) == (tuple(elements), content)


@given(octets=st.binary(max_size=300))
def test_any_octets_have_a_header_or_are_all_content(octets: bytes) -> None:
    elements, content = parse_udh(octets)
    label = concatenation(elements)
    assert octets.endswith(content)
    assert label is None or 1 <= label.part <= label.parts <= 255


@given(message=messages([*SAR_TAGS, Tag.MESSAGE_PAYLOAD]))
def test_any_message_is_whole_or_a_possible_part(message: ShortMessage) -> None:
    part = part_of(message)
    assert part is None or 1 <= part.part <= part.parts <= 255


@given(message=messages(TLV_TAGS))
def test_any_octets_are_a_receipt_where_esm_class_says_so_and_nothing_else(message: ShortMessage) -> None:
    is_receipt = message.esm_class & ESM_CLASS_TYPE_MASK in (0x04, 0x20, 0x24)
    assert isinstance(parse_receipt(message), Receipt) is is_receipt


@given(text=receipt_like())
def test_whatever_stands_in_a_receipt_each_value_is_in_its_text(text: str) -> None:
    fields = receipt_fields(text)
    assert all(value in text for value in fields.values())
    assert set(fields) <= {"id", "sub", "dlvrd", "submit date", "done date", "stat", "err", "text"}


@given(text=receipt_like(), encoding=st.sampled_from(["latin-1", "utf-16-be", "utf-8"]))
def test_a_receipt_that_is_nearly_right_is_read(text: str, encoding: str) -> None:
    message = ShortMessage(esm_class=ESM_CLASS_RECEIPT, short_message=text.encode(encoding, "replace"))
    assert isinstance(parse_receipt(message), Receipt)


@given(value=st.text(max_size=20) | st.text("0123456789+-R", min_size=10, max_size=16))
def test_any_date_of_a_receipt_is_a_time_or_none(value: str) -> None:
    assert isinstance(receipt_time(value), datetime | None)


@given(
    smsc_message_id=st.text(PRINTABLE, min_size=1),
    state=st.sampled_from(MessageState),
    minutes=st.integers(0, 60 * 24 * 365 * 70),
    text=st.text(st.characters(max_codepoint=0xFF)),
)
def test_a_receipt_is_read_as_the_simulator_wrote_it(
    smsc_message_id: str, state: MessageState, minutes: int, text: str
) -> None:
    at = datetime(2001, 1, 1) + timedelta(minutes=minutes)
    content = format_receipt(smsc_message_id, state, at, at, text=text).encode("latin-1")
    receipt = parse_receipt(ShortMessage(esm_class=ESM_CLASS_RECEIPT, short_message=content))
    assert receipt is not None
    assert (receipt.smsc_message_id, receipt.state, receipt.submit_at, receipt.done_at) == (
        smsc_message_id,
        state,
        at,
        at,
    )


@given(value=st.integers(0, 10**80), padding=st.integers(0, 20))
def test_a_number_has_one_key_in_both_notations(value: int, padding: int) -> None:
    zeros = "0" * padding
    assert normalise(f"{zeros}{value:x}", IdRule.HEX) == normalise(f"{zeros}{value}", IdRule.DEC)
    assert normalise(f"{value:X}", IdRule.HEX) == normalise(f"{value:x}", IdRule.HEX)


@given(smsc_message_id=st.text(max_size=80), rule=st.sampled_from(IdRule))
def test_every_id_has_a_key_and_the_key_is_its_own(smsc_message_id: str, rule: IdRule) -> None:
    key = normalise(smsc_message_id, rule)
    assert normalise(key, IdRule.STRING) == key


@given(
    at=st.datetimes(datetime(2001, 1, 1), datetime(2098, 12, 31)),
    quarters=st.integers(-48, 48),
)
def test_an_absolute_time_is_read_as_it_was_written(at: datetime, quarters: int) -> None:
    tenths = at.replace(microsecond=at.microsecond // 100_000 * 100_000)
    aware = tenths.replace(tzinfo=timezone(quarters * timedelta(minutes=15)))
    assert parse_time(format_absolute(aware)) == aware


@given(seconds=st.integers(0, 31 * 86_400))
def test_a_period_of_up_to_a_month_ends_exactly_when_it_should(seconds: int) -> None:
    period = parse_time(format_relative(seconds))
    start = datetime(2026, 9, 5, tzinfo=UTC)
    assert isinstance(period, RelativeTime)
    assert period.after(start) == start + timedelta(seconds=seconds)
