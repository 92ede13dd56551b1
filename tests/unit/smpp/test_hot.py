"""The hand-written codec of submit_sm, deliver_sm and their responses."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smpp.constants import CommandId, CommandStatus, Tag
from smpp.errors import PduError, StreamError
from smpp.hot import (
    ShortMessage,
    decode_data_sm,
    decode_short_message,
    decode_submit_sm_resp,
    encode_deliver_sm_resp,
    encode_short_message,
    encode_submit_sm_resp,
    header,
    pdu,
)
from smpp.pdu import decode_pdu

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "pdu.json").read_text())["vectors"]


def vectors_of(*commands: str, outcome: str = "pdu") -> list[dict[str, Any]]:
    return [v for v in VECTORS if v["expect"]["command"] in commands and v["outcome"] == outcome]


def has_overlong_string(vector: dict[str, Any]) -> bool:
    return any("exceeds spec maximum" in anomaly for anomaly in vector.get("anomalies", []))


SHORT_MESSAGES = vectors_of("submit_sm", "deliver_sm")
EXACT = [v for v in SHORT_MESSAGES if v.get("roundtrip") and not has_overlong_string(v)]
OVERLONG = [v for v in SHORT_MESSAGES if has_overlong_string(v)]
UNREADABLE = vectors_of("submit_sm", "deliver_sm", outcome="pdu_error")

MESSAGE = ShortMessage(
    source_addr_ton=5,
    source_addr="ACME",
    dest_addr_ton=1,
    dest_addr_npi=1,
    destination_addr="447700900123",
    registered_delivery=1,
    short_message=b"Hello",
)
BODY = bytes.fromhex("00 05 00 41434d4500 01 01 34343737303039303031323300 00 00 00 00 00 01 00 00 00 05 48656c6c6f")


def frame_of(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["hex"])[: vector["expect"]["command_length"]]


@pytest.mark.parametrize("vector", SHORT_MESSAGES, ids=lambda vector: vector["id"])
def test_a_short_message_decodes_as_the_table_of_fields_does(vector: dict[str, Any]) -> None:
    whole = decode_pdu(frame_of(vector))
    expected = ShortMessage(**whole.fields, tlvs=whole.tlvs)  # type: ignore[arg-type]
    assert decode_short_message(frame_of(vector)) == expected


@pytest.mark.parametrize("vector", EXACT, ids=lambda vector: vector["id"])
def test_a_short_message_encodes_to_the_octets_it_came_from(vector: dict[str, Any]) -> None:
    frame = frame_of(vector)
    assert encode_short_message(decode_short_message(frame)) == frame[16:]


@pytest.mark.parametrize("vector", OVERLONG, ids=lambda vector: vector["id"])
def test_an_overlong_string_is_received_but_not_sent(vector: dict[str, Any]) -> None:
    message = decode_short_message(frame_of(vector))
    with pytest.raises(ValueError, match=r"characters are not allowed$"):
        encode_short_message(message)


@pytest.mark.parametrize("vector", UNREADABLE, ids=lambda vector: vector["id"])
def test_an_unreadable_short_message_can_be_answered(vector: dict[str, Any]) -> None:
    with pytest.raises(PduError) as caught:
        decode_short_message(frame_of(vector))
    answer = (caught.value.command_id, caught.value.command_status, caught.value.sequence_number)
    assert answer == (CommandId.DELIVER_SM, CommandStatus[vector["answer"]], 1)


def test_a_short_message_has_the_octets_of_the_specification() -> None:
    assert encode_short_message(MESSAGE) == BODY


def test_tlvs_follow_the_mandatory_fields() -> None:
    message = replace(MESSAGE, tlvs=((Tag.USER_MESSAGE_REFERENCE, b"\0\7"), (0x1400, b"")))
    assert encode_short_message(message) == BODY + bytes.fromhex("020400020007 14000000")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("service_type", "x" * 6),
        ("source_addr", "x" * 21),
        ("source_addr", "x\0"),
        ("source_addr", "\u20ac"),
        ("destination_addr", "1" * 21),
        ("schedule_delivery_time", "2611230830000"),
        ("validity_period", "000002000000000RR"),
        ("source_addr_ton", 256),
        ("source_addr_npi", -1),
        ("dest_addr_ton", 256),
        ("dest_addr_npi", 256),
        ("esm_class", 0xD800),
        ("protocol_id", 256),
        ("priority_flag", 0x110000),
        ("registered_delivery", 256),
        ("replace_if_present_flag", 256),
        ("data_coding", 256),
        ("sm_default_msg_id", 256),
        ("short_message", b"x" * 255),
    ],
)
def test_a_value_the_specification_forbids_is_refused_by_its_name_alone(field: str, value: Any) -> None:
    message = replace(MESSAGE, **{field: value})
    with pytest.raises(ValueError, match=f"^{field}: ") as caught:
        encode_short_message(message)
    assert str(value) not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_every_field_may_be_as_long_as_the_specification_allows() -> None:
    message = ShortMessage(
        service_type="x" * 5,
        source_addr_ton=255,
        source_addr_npi=255,
        source_addr="\xff" * 20,
        dest_addr_ton=255,
        dest_addr_npi=255,
        destination_addr="1" * 20,
        esm_class=255,
        protocol_id=255,
        priority_flag=255,
        schedule_delivery_time="261123083000000+",
        validity_period="000002000000000R",
        registered_delivery=255,
        replace_if_present_flag=255,
        data_coding=255,
        sm_default_msg_id=255,
        short_message=b"\0" * 254,
    )
    body = encode_short_message(message)
    assert decode_short_message(pdu(CommandId.SUBMIT_SM, 0, 1, body)) == message


def test_a_payload_that_fills_the_longest_pdu_is_sent() -> None:
    message = ShortMessage(tlvs=((Tag.MESSAGE_PAYLOAD, bytes(65_536 - 16 - 17 - 4)),))
    assert len(encode_short_message(message)) == 65_536 - 16


def test_a_payload_that_makes_the_pdu_too_long_is_refused() -> None:
    message = ShortMessage(tlvs=((Tag.MESSAGE_PAYLOAD, bytes(65_536 - 16 - 17 - 3)),))
    with pytest.raises(ValueError, match=r"^tlvs: the PDU would have more than 65536 octets$"):
        encode_short_message(message)


def test_the_repr_of_a_short_message_hides_addresses_and_content() -> None:
    shown = repr(replace(MESSAGE, tlvs=((Tag.MESSAGE_PAYLOAD, b"secret"),)))
    hidden = ("ACME", "447700900123", "Hello", "secret")
    assert [text for text in hidden if text in shown] == []
    assert "registered_delivery=1" in shown


def test_a_frame_shorter_than_a_header_breaks_the_stream() -> None:
    with pytest.raises(StreamError):
        decode_short_message(bytes(15))


@pytest.mark.parametrize("vector", vectors_of("data_sm"), ids=lambda vector: vector["id"])
def test_a_data_sm_decodes_as_the_table_of_fields_does(vector: dict[str, Any]) -> None:
    whole = decode_pdu(frame_of(vector))
    assert decode_data_sm(frame_of(vector)) == ShortMessage(**whole.fields, tlvs=whole.tlvs)  # type: ignore[arg-type]


def test_a_data_sm_that_is_cut_off_can_be_answered() -> None:
    with pytest.raises(PduError) as caught:
        decode_data_sm(pdu(CommandId.DATA_SM, 0, 7, b"\x00\x01\x0144\x00"))
    answer = (caught.value.command_id, caught.value.command_status, caught.value.sequence_number)
    assert answer == (CommandId.DATA_SM, CommandStatus.ESME_RINVCMDLEN, 7)


@pytest.mark.parametrize("vector", vectors_of("submit_sm_resp"), ids=lambda vector: vector["id"])
def test_a_submit_sm_resp_gives_its_message_id_or_none(vector: dict[str, Any]) -> None:
    assert decode_submit_sm_resp(frame_of(vector)) == vector["expect"].get("fields", {}).get("message_id", "")


def test_the_id_of_an_accepted_message_ends_with_the_pdu_where_it_has_no_nul() -> None:
    assert decode_submit_sm_resp(pdu(CommandId.SUBMIT_SM_RESP, 0, 1, b"18d0")) == "18d0"


def test_a_refusal_is_read_whatever_its_body() -> None:
    assert decode_submit_sm_resp(pdu(CommandId.SUBMIT_SM_RESP, CommandStatus.ESME_RTHROTTLED, 1, b"18d0")) == ""


def test_an_accepted_submit_sm_is_answered_with_its_id() -> None:
    assert encode_submit_sm_resp(7, 0, "18d0e03a") == bytes.fromhex(
        "00000019 80000004 00000000 00000007 313864306530336100"
    )


def test_a_refused_submit_sm_is_answered_without_a_body() -> None:
    assert encode_submit_sm_resp(7, CommandStatus.ESME_RTHROTTLED, "") == bytes.fromhex(
        "00000010 80000004 00000058 00000007"
    )


@pytest.mark.parametrize("message_id", ["7" * 65, "7\0", "\u20ac"])
def test_a_message_id_the_specification_forbids_is_not_sent(message_id: str) -> None:
    with pytest.raises(ValueError, match=r"^message_id: not a C-octet string of at most 64 characters$"):
        encode_submit_sm_resp(1, 0, message_id)


def test_a_deliver_sm_is_answered_with_an_empty_message_id() -> None:
    assert encode_deliver_sm_resp(0xFFFFFFFF, CommandStatus.ESME_RX_T_APPN) == bytes.fromhex(
        "00000011 80000005 00000064 ffffffff 00"
    )


def test_a_header_counts_its_own_octets() -> None:
    assert header(CommandId.SUBMIT_SM, 0, 2, len(BODY)) + BODY == pdu(CommandId.SUBMIT_SM, 0, 2, BODY)
