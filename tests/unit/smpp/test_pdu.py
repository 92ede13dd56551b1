"""Every PDU of the specification, with PDUs from the public record."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smpp.bodies import BODIES
from smpp.constants import CommandId, CommandStatus, Tag, status_name
from smpp.errors import PduError, StreamError
from smpp.framing import FrameBuffer
from smpp.pdu import Pdu, decode_pdu, encode_pdu

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "pdu.json").read_text())["vectors"]
COUNTS = ("sm_length", "number_of_dests", "no_unsuccess", "short_message_hex", "short_message_ascii")

ENQUIRE_LINK = Pdu(CommandId.ENQUIRE_LINK, 0, 1)
QUERY_SM = Pdu(
    CommandId.QUERY_SM,
    0,
    1,
    {"message_id": "7", "source_addr_ton": 5, "source_addr_npi": 0, "source_addr": "ACME"},
)


def vectors_with(outcome: str) -> list[dict[str, Any]]:
    return [vector for vector in VECTORS if vector["outcome"] == outcome]


def frame_of(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["hex"])[: vector["expect"]["command_length"]]


def expected_pdu(vector: dict[str, Any]) -> Pdu:
    expect = vector["expect"]
    fields = {name: value for name, value in expect.get("fields", {}).items() if name not in COUNTS}
    if "short_message_hex" in expect.get("fields", {}):
        fields["short_message"] = bytes.fromhex(expect["fields"]["short_message_hex"])
    tlvs = tuple((int(tlv["tag"], 16), bytes.fromhex(tlv["value_hex"])) for tlv in expect.get("tlvs", []))
    return Pdu(int(expect["command_id"], 16), expect["command_status"], expect["sequence_number"], fields, tlvs)


def refusal(frame: bytes) -> PduError:
    with pytest.raises(PduError) as caught:
        decode_pdu(frame)
    return caught.value


@pytest.mark.parametrize("vector", vectors_with("pdu"), ids=lambda vector: vector["id"])
def test_a_pdu_decodes_to_its_fields(vector: dict[str, Any]) -> None:
    assert replace(decode_pdu(frame_of(vector)), trailing=b"") == expected_pdu(vector)


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.get("roundtrip")], ids=lambda vector: vector["id"])
def test_a_decoded_pdu_encodes_to_the_octets_it_came_from(vector: dict[str, Any]) -> None:
    assert encode_pdu(decode_pdu(frame_of(vector))) == frame_of(vector)


@pytest.mark.parametrize("vector", vectors_with("pdu_error"), ids=lambda vector: vector["id"])
def test_a_pdu_that_cannot_be_used_can_be_answered(vector: dict[str, Any]) -> None:
    error = refusal(frame_of(vector))
    expect = vector["expect"]
    assert (error.command_id, error.command_status, error.sequence_number) == (
        int(expect["command_id"], 16),
        CommandStatus[vector["answer"]],
        expect["sequence_number"],
    )


@pytest.mark.parametrize("vector", vectors_with("stream_error"), ids=lambda vector: vector["id"])
def test_a_hostile_length_breaks_the_stream(vector: dict[str, Any]) -> None:
    with pytest.raises(StreamError):
        FrameBuffer().feed(bytes.fromhex(vector["hex"]))


@pytest.mark.parametrize("vector", vectors_with("wait"), ids=lambda vector: vector["id"])
def test_a_pdu_that_is_not_all_there_is_waited_for(vector: dict[str, Any]) -> None:
    assert FrameBuffer().feed(bytes.fromhex(vector["hex"])) == []


def test_every_command_has_its_fields_and_a_vector_both_ways() -> None:
    both_ways = {int(v["expect"]["command_id"], 16) for v in VECTORS if v.get("roundtrip")}
    assert BODIES.keys() == set(CommandId)
    assert both_ways == set(CommandId)


def test_every_optional_parameter_has_a_vector_both_ways() -> None:
    both_ways = {int(tlv["tag"], 16) for v in VECTORS if v.get("roundtrip") for tlv in v["expect"].get("tlvs", [])}
    assert set(Tag) - both_ways == set()


def test_octets_behind_the_last_tlv_are_kept_but_never_sent() -> None:
    pdu = decode_pdu(bytes.fromhex("00000011000000060000000000000001ff"))
    assert pdu == Pdu(CommandId.UNBIND, 0, 1, trailing=b"\xff")
    assert encode_pdu(pdu) == bytes.fromhex("00000010000000060000000000000001")


def test_a_refused_bind_is_read_whatever_its_body() -> None:
    pdu = decode_pdu(bytes.fromhex("00000011800000090000000500000001ff"))
    assert pdu == Pdu(CommandId.BIND_TRANSCEIVER_RESP, CommandStatus.ESME_RALYBND, 1, trailing=b"\xff")


def test_the_reason_of_a_refusal_names_the_field() -> None:
    frame = bytes.fromhex("00000015 00000003 00000000 00000001 3700050041")
    assert str(refusal(frame)) == "source_addr: no NUL at its end"


def test_a_frame_of_another_length_than_it_says_is_refused() -> None:
    error = refusal(bytes.fromhex("0000001100000015000000000000002a"))
    assert (error.command_status, error.sequence_number) == (CommandStatus.ESME_RINVCMDLEN, 42)


def test_less_than_a_header_breaks_the_stream() -> None:
    with pytest.raises(StreamError):
        decode_pdu(bytes.fromhex("000000100000001500000000"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source_addr", "x" * 21),
        ("source_addr", "447700900123\0"),
        ("source_addr", "\u20ac"),
        ("source_addr", 447),
        ("source_addr_ton", 256),
        ("source_addr_npi", -1),
        ("source_addr_npi", "447"),
    ],
)
def test_a_field_the_specification_forbids_is_refused_by_its_name_alone(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{field}: ") as caught:
        encode_pdu(replace(QUERY_SM, fields={**QUERY_SM.fields, field: value}))
    assert str(value) not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_time_has_sixteen_characters_or_none() -> None:
    fields: dict[str, Any] = {"message_id": "7", "final_date": "2611230830", "message_state": 2, "error_code": 0}
    with pytest.raises(ValueError, match=r"^final_date: 11 octets with its NUL are not allowed$"):
        encode_pdu(Pdu(CommandId.QUERY_SM_RESP, 0, 1, fields))


def test_a_short_message_of_more_than_254_octets_is_refused() -> None:
    fields: dict[str, Any] = {
        "message_id": "7",
        "source_addr_ton": 0,
        "source_addr_npi": 0,
        "source_addr": "",
        "schedule_delivery_time": "",
        "validity_period": "",
        "registered_delivery": 0,
        "sm_default_msg_id": 0,
        "short_message": b"x" * 255,
    }
    with pytest.raises(ValueError, match=r"^short_message: not octets, at most 254$"):
        encode_pdu(Pdu(CommandId.REPLACE_SM, 0, 1, fields))


def test_a_field_that_is_missing_or_unknown_is_refused() -> None:
    fields = {"message_idd": "7", **{name: QUERY_SM.fields[name] for name in QUERY_SM.fields if name != "message_id"}}
    with pytest.raises(ValueError, match=r"^missing or unknown: message_id, message_idd$"):
        encode_pdu(replace(QUERY_SM, fields=fields))


def test_an_entry_of_a_list_is_refused_with_the_name_of_the_list() -> None:
    entry: dict[str, Any] = {
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "destination_addr": "1" * 21,
        "error_status_code": 11,
    }
    pdu = Pdu(CommandId.SUBMIT_MULTI_RESP, 0, 1, {"message_id": "7", "unsuccess_smes": [entry]})
    with pytest.raises(ValueError, match=r"^unsuccess_smes: destination_addr: 22 octets with its NUL are not allowed$"):
        encode_pdu(pdu)


@pytest.mark.parametrize("entries", [7, [{}] * 256])
def test_a_list_that_cannot_be_counted_in_an_octet_is_refused(entries: Any) -> None:
    pdu = Pdu(CommandId.SUBMIT_MULTI_RESP, 0, 1, {"message_id": "7", "unsuccess_smes": entries})
    with pytest.raises(ValueError, match=r"^unsuccess_smes: not a list of at most 255$"):
        encode_pdu(pdu)


@pytest.mark.parametrize("flag", [None, 0, 3])
def test_a_destination_needs_a_flag_of_the_specification(flag: int | None) -> None:
    vector = next(vector for vector in VECTORS if vector["id"] == "pdu-171")
    pdu = expected_pdu(vector)
    pdu.fields["dest_addresses"] = [{"dl_name": "customers"} | ({} if flag is None else {"dest_flag": flag})]
    with pytest.raises(ValueError, match=r"^dest_addresses: dest_flag missing or unknown$"):
        encode_pdu(pdu)


def test_a_request_is_not_sent_without_its_fields() -> None:
    with pytest.raises(ValueError, match=r"^missing or unknown: "):
        encode_pdu(Pdu(CommandId.SUBMIT_SM, 0, 1))


def test_a_response_is_not_sent_with_tlvs_instead_of_its_fields() -> None:
    with pytest.raises(ValueError, match=r"^missing or unknown: system_id$"):
        encode_pdu(Pdu(CommandId.BIND_RECEIVER_RESP, 0, 1, tlvs=((Tag.SC_INTERFACE_VERSION, b"\x34"),)))


def test_an_unknown_command_is_not_sent() -> None:
    with pytest.raises(ValueError, match=r"^unknown command_id 0x00000110$"):
        encode_pdu(replace(ENQUIRE_LINK, command_id=0x110))


@pytest.mark.parametrize("sequence_number", [-1, 1 << 32])
def test_a_sequence_number_of_more_than_32_bits_is_not_sent(sequence_number: int) -> None:
    with pytest.raises(ValueError, match=r"^command_status or sequence_number: does not fit 32 bits$"):
        encode_pdu(replace(ENQUIRE_LINK, sequence_number=sequence_number))


def test_a_pdu_of_more_than_64_kib_is_not_sent() -> None:
    with pytest.raises(ValueError, match=r"^tlvs: the PDU would have more than 65536 octets$"):
        encode_pdu(replace(ENQUIRE_LINK, tlvs=((Tag.MESSAGE_PAYLOAD, bytes(65_535)),)))


def test_the_repr_of_a_pdu_hides_its_fields() -> None:
    shown = repr(replace(QUERY_SM, tlvs=((Tag.MESSAGE_PAYLOAD, b"secret"),), trailing=b"secret"))
    assert [text for text in ("ACME", "secret") if text in shown] == []
    assert "sequence_number=1" in shown


@pytest.mark.parametrize(("status", "name"), [(0, "ESME_ROK"), (0x58, "ESME_RTHROTTLED"), (0x400, "0x00000400")])
def test_a_status_has_the_name_of_the_specification_or_its_number(status: int, name: str) -> None:
    assert status_name(status) == name
