"""What holds for every PDU and every stream of octets."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib.smpp import make_pdu

from smpp.bodies import BODIES
from smpp.constants import CommandId
from smpp.errors import PduError, StreamError
from smpp.fields import CountedOctets, CountedRecords, CString, FieldType, FlaggedRecord, Integer, Record
from smpp.framing import FrameBuffer
from smpp.hot import (
    ShortMessage,
    decode_data_sm,
    decode_short_message,
    decode_submit_sm_resp,
    encode_deliver_sm_resp,
    encode_short_message,
    encode_submit_sm_resp,
    pdu,
)
from smpp.pdu import Pdu, decode_pdu, encode_pdu
from smpp.tlv import encode_tlvs, parse_tlvs, split_tlvs

octet = st.integers(0, 0xFF)
uint32 = st.integers(0, 0xFFFFFFFF)
tlvs = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=4).map(tuple)
time = st.just("") | st.text("0123456789+-R", min_size=16, max_size=16)


def c_string(most: int, highest: int = 0xFF) -> st.SearchStrategy[str]:
    """Strings of at most `most` octets with their NUL."""
    return st.text(st.characters(min_codepoint=1, max_codepoint=highest), max_size=most - 1)


def short_messages(highest: int = 0xFF, **fixed: Any) -> st.SearchStrategy[ShortMessage]:
    strings = {"service_type": 6, "source_addr": 21, "destination_addr": 21}
    fields: dict[str, Any] = {name: c_string(most, highest) for name, most in strings.items()}
    fields |= {"schedule_delivery_time": time, "validity_period": time}
    fields |= {"short_message": st.binary(max_size=254), "tlvs": tlvs}
    integers = ShortMessage.__dataclass_fields__.keys() - fields.keys()
    return st.builds(ShortMessage, **dict.fromkeys(integers, octet) | fields | fixed)


def values_of(kind: FieldType) -> st.SearchStrategy[Any]:
    match kind:
        case Integer(octets=octets):
            return st.integers(0, 256**octets - 1)
        case CString(fixed=True):
            return time
        case CString(most=most):
            return c_string(most)
        case CountedOctets(most=most):
            return st.binary(max_size=most)
        case CountedRecords(record=FlaggedRecord(flag=flag, records=records)):
            return st.lists(st.one_of([flagged(flag, value, records[value]) for value in records]), max_size=3)
        case CountedRecords(record=Record() as record):
            return st.lists(fields_of(record), max_size=3)
    raise AssertionError(f"no values for {kind}")


def fields_of(record: Record) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: values_of(kind) for name, kind in record.fields.items()})


def flagged(flag: str, value: int, record: Record) -> st.SearchStrategy[dict[str, Any]]:
    return fields_of(record).map(lambda entry: {flag: value, **entry})


def pdus_of(command_id: int) -> st.SearchStrategy[Pdu]:
    return st.builds(Pdu, st.just(command_id), uint32, uint32, fields_of(BODIES[command_id]), tlvs)


any_pdu = st.sampled_from(sorted(BODIES)).flatmap(pdus_of)
any_frame = any_pdu.map(encode_pdu)


@given(any_pdu)
def test_a_pdu_survives_encoding_and_decoding(original: Pdu) -> None:
    assert decode_pdu(encode_pdu(original)) == original


@given(short_messages(), st.sampled_from([CommandId.SUBMIT_SM, CommandId.DELIVER_SM]))
def test_a_short_message_survives_encoding_and_decoding(original: ShortMessage, command_id: int) -> None:
    assert decode_short_message(pdu(command_id, 0, 1, encode_short_message(original))) == original


@given(pdus_of(CommandId.SUBMIT_SM) | pdus_of(CommandId.DELIVER_SM))
def test_the_hot_codec_agrees_with_the_table_of_fields(original: Pdu) -> None:
    frame = encode_pdu(original)
    message = ShortMessage(**original.fields, tlvs=original.tlvs)  # type: ignore[arg-type]
    assert decode_short_message(frame) == message
    assert encode_short_message(message) == frame[16:]


@given(tlvs)
def test_tlvs_survive_encoding_and_decoding(original: tuple[tuple[int, bytes], ...]) -> None:
    assert parse_tlvs(encode_tlvs(original)) == original


@given(st.binary(max_size=64))
def test_no_octet_behind_the_mandatory_part_is_lost_but_a_stray_nul(octets: bytes) -> None:
    found, rest = split_tlvs(octets)
    assert encode_tlvs(found) + rest in (octets, octets[1:])


SMPPLIB_TLVS = {
    "user_message_reference": (0x0204, 2),
    "source_port": (0x020A, 2),
    "destination_port": (0x020B, 2),
    "sar_msg_ref_num": (0x020C, 2),
    "sar_total_segments": (0x020E, 1),
    "sar_segment_seqnum": (0x020F, 1),
    "privacy_indicator": (0x0201, 1),
}
"""Integer TLVs in the order in which smpplib writes them for submit_sm."""


@given(short_messages(highest=0x7F, tlvs=st.just(())), st.integers(1, 0x7FFFFFFF), st.data())
def test_a_submit_sm_has_the_octets_smpplib_gives_it(message: ShortMessage, sequence: int, data: st.DataObject) -> None:
    known = {name: st.integers(0, 256**size - 1) for name, (_, size) in SMPPLIB_TLVS.items()}
    values = data.draw(st.fixed_dictionaries({}, optional=known))
    message.tlvs = tuple(
        (tag, values[name].to_bytes(size, "big")) for name, (tag, size) in SMPPLIB_TLVS.items() if name in values
    )
    theirs = smpplib_octets("submit_sm", message, sequence, **values)
    assert pdu(CommandId.SUBMIT_SM, 0, sequence, encode_short_message(message)) == theirs


@given(short_messages(highest=0x7F, tlvs=st.just(())), st.integers(1, 0x7FFFFFFF))
def test_a_deliver_sm_has_the_octets_smpplib_gives_it(message: ShortMessage, sequence: int) -> None:
    theirs = smpplib_octets("deliver_sm", message, sequence)
    assert pdu(CommandId.DELIVER_SM, 0, sequence, encode_short_message(message)) == theirs


@given(short_messages(highest=0x7F, short_message=st.just(b"")), st.binary(min_size=1, max_size=300))
def test_a_message_payload_has_the_octets_smpplib_gives_it(message: ShortMessage, payload: bytes) -> None:
    message.tlvs = ((0x0424, payload),)
    theirs = smpplib_octets("submit_sm", message, 1, message_payload=payload)
    assert pdu(CommandId.SUBMIT_SM, 0, 1, encode_short_message(message)) == theirs


@given(c_string(65, highest=0x7F), st.integers(1, 0x7FFFFFFF))
def test_the_responses_have_the_octets_smpplib_gives_them(message_id: str, sequence: int) -> None:
    assert encode_submit_sm_resp(sequence, 0, message_id) == smpplib_response("submit_sm_resp", sequence, message_id)
    assert encode_deliver_sm_resp(sequence, 0) == smpplib_response("deliver_sm_resp", sequence, "")


def smpplib_octets(command: str, message: ShortMessage, sequence: int, **tlv_values: Any) -> bytes:
    names = [name for name in ShortMessage.__dataclass_fields__ if name != "tlvs"]
    values = {name: getattr(message, name) for name in names}
    theirs = make_pdu(command, sequence=sequence, **values, **tlv_values)
    theirs.sequence = sequence
    octets: bytes = theirs.generate()
    return octets


def smpplib_response(command: str, sequence: int, message_id: str) -> bytes:
    theirs = make_pdu(command, message_id=message_id)
    theirs.sequence = sequence
    octets: bytes = theirs.generate()
    return octets


@given(c_string(300))
def test_a_message_id_of_any_length_is_received(message_id: str) -> None:
    frame = pdu(CommandId.SUBMIT_SM_RESP, 0, 1, message_id.encode("latin-1") + b"\0")
    assert decode_submit_sm_resp(frame) == message_id
    assert decode_pdu(frame).fields == {"message_id": message_id}


@st.composite
def damaged_frames(draw: st.DrawFn) -> bytes:
    """A PDU with octets changed and its end cut off; the length in its header is right again."""
    frame = bytearray(draw(any_frame))
    for position in draw(st.lists(st.integers(4, len(frame) - 1), max_size=6)):
        frame[position] = draw(octet)
    cut = draw(st.integers(16, len(frame)))
    return cut.to_bytes(4, "big") + bytes(frame[4:cut])


DECODERS = [decode_pdu, decode_short_message, decode_data_sm, decode_submit_sm_resp]


@pytest.mark.parametrize("decode", DECODERS, ids=lambda decode: decode.__name__)
@given(frame=damaged_frames() | st.binary(max_size=80))
def test_no_frame_raises_anything_but_the_two_errors(decode: Any, frame: bytes) -> None:
    with suppress(PduError, StreamError):
        decode(frame)


@given(st.lists(st.binary(max_size=40) | any_frame, max_size=6))
def test_no_stream_raises_anything_but_the_stream_error(chunks: list[bytes]) -> None:
    buffer = FrameBuffer()
    try:
        frames = [frame for chunk in chunks for frame in buffer.feed(chunk)]
    except StreamError as error:
        frames = list(error.frames)
    assert all(int.from_bytes(frame[:4], "big") == len(frame) for frame in frames)


@given(st.lists(any_frame, max_size=5), st.data())
def test_a_stream_gives_the_same_pdus_however_it_is_cut(frames: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    buffer = FrameBuffer()
    assert [frame for piece in pieces for frame in buffer.feed(piece)] == frames
