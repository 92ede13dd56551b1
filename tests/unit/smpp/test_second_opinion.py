"""smpplib as a second opinion on the PDUs of the public record: what it writes, we read as the vector says.

TLVs are compared without their order, which smpplib chooses by itself.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from smpplib import consts
from smpplib.command import Command
from smpplib.smpp import make_pdu

from smpp.pdu import Pdu, decode_pdu

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "pdu.json").read_text())["vectors"]
COUNTS = ("sm_length", "number_of_dests", "no_unsuccess", "short_message_hex", "short_message_ascii")
TLV_NAMES = {tag: name for name, tag in consts.OPTIONAL_PARAMS.items()}

UNKNOWN_COMMANDS = {"outbind", "submit_multi", "submit_multi_resp"} | {
    f"{command}_sm{ending}" for command in ("cancel", "replace") for ending in ("", "_resp")
}
DISAGREES = {
    "pdu-067": "ends a subaddress with NUL",
    "pdu-086": "ends subaddresses with NUL",
    "pdu-119": "refuses short_message beside message_payload",
    "pdu-128": "always names version 3.4",
    "pdu-139": "always names version 3.4",
    "spec-019": "leaves a TLV without value out",
    "spec-022": "cuts a long message_id",
    "spec-034": "cuts a long address",
    "spec-038": "cuts an address of data_sm at 20 characters",
    "spec-039": "ends network_error_code with NUL",
    "spec-055": "gives source_addr_subunit two octets",
    "spec-057": "leaves a TLV without value out",
    "spec-060": "leaves a TLV without value out",
}
"""Where smpplib is wrong, by vector."""


def tlvs_of(vector: dict[str, Any]) -> list[tuple[int, bytes]]:
    return [(int(tlv["tag"], 16), bytes.fromhex(tlv["value_hex"])) for tlv in vector["expect"].get("tlvs", [])]


def fields_of(vector: dict[str, Any]) -> dict[str, Any]:
    stated = vector["expect"].get("fields", {})
    fields = {name: value for name, value in stated.items() if name not in COUNTS}
    return fields | ({"short_message": bytes.fromhex(stated["short_message_hex"])} if "sm_length" in stated else {})


def is_known_to_smpplib(vector: dict[str, Any]) -> bool:
    """It gives every response a body, and has a fixed list of TLVs for each command."""
    command = vector["expect"]["command"]
    has_body = fields_of(vector) or not command.endswith("_resp") or command in ("unbind_resp", "enquire_link_resp")
    if command in UNKNOWN_COMMANDS or not has_body:
        return False
    return {TLV_NAMES.get(tag) for tag, _ in tlvs_of(vector)} <= make_pdu(command, sequence=1).params.keys()


def written_by_smpplib(vector: dict[str, Any]) -> bytes:
    expect = vector["expect"]
    theirs: Command = make_pdu(expect["command"], sequence=expect["sequence_number"], **fields_of(vector))
    theirs.sequence, theirs.status = expect["sequence_number"], expect["command_status"]
    for tag, octets in tlvs_of(vector):
        setattr(theirs, TLV_NAMES[tag], typed(octets, theirs.params[TLV_NAMES[tag]].type))
    written: bytes = theirs.generate()
    return written


def typed(octets: bytes, kind: type) -> int | str | bytes:
    if kind is int:
        return int.from_bytes(octets, "big")
    return octets.decode("latin-1").removesuffix("\0") if kind is str else octets


def read_from_smpplib(vector: dict[str, Any]) -> Pdu:
    pdu = decode_pdu(written_by_smpplib(vector))
    pdu.tlvs = tuple(sorted(pdu.tlvs))
    return pdu


def as_the_vector_says(vector: dict[str, Any]) -> Pdu:
    expect = vector["expect"]
    head = int(expect["command_id"], 16), expect["command_status"], expect["sequence_number"]
    return Pdu(*head, fields_of(vector), tuple(sorted(tlvs_of(vector))))


KNOWN = [vector for vector in VECTORS if vector.get("roundtrip") and is_known_to_smpplib(vector)]
AGREED = [vector for vector in KNOWN if vector["id"] not in DISAGREES]
DISPUTED = [vector for vector in KNOWN if vector["id"] in DISAGREES]


@pytest.mark.parametrize("vector", AGREED, ids=lambda vector: vector["id"])
def test_what_smpplib_writes_is_read_as_the_vector_says(vector: dict[str, Any]) -> None:
    assert read_from_smpplib(vector) == as_the_vector_says(vector)


def test_sixty_vectors_and_more_have_a_second_opinion() -> None:
    assert len(AGREED) >= 60
    assert {vector["id"] for vector in DISPUTED} == DISAGREES.keys()


@pytest.mark.parametrize("vector", DISPUTED, ids=lambda vector: f"{vector['id']} {DISAGREES[vector['id']]}")
def test_where_smpplib_is_said_to_be_wrong_it_is(vector: dict[str, Any]) -> None:
    try:
        theirs = read_from_smpplib(vector)
    except ValueError:
        return
    assert theirs != as_the_vector_says(vector)
