"""Receipts as SMSCs write them: every text of the public record and of our own, field by field."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from smpp.constants import MessageState, Tag
from smpp.gsm7 import fill_bits_behind, pack
from smpp.hot import ShortMessage
from smpp.receipt_text import receipt_fields, receipt_time
from smpp.receipts import Receipt, format_receipt, parse_receipt, stat_of, state_of
from smpp.text import Encoding, encode_text

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "receipts.json").read_text(encoding="utf-8"))["vectors"]
RECEIPTS = [vector for vector in VECTORS if vector["receipt"] is not None]
WITH_FIELDS = [vector for vector in VECTORS if "fields" in vector]

SUBMIT_AT = datetime(2026, 9, 5, 14, 30)
DONE_AT = datetime(2026, 9, 5, 14, 33)

CONTRACT_STATUSES = {
    "ENROUTE": "ENROUTE",
    "DELIVRD": "DELIVERED",
    "EXPIRED": "EXPIRED",
    "DELETED": "DELETED",
    "UNDELIV": "UNDELIVERABLE",
    "ACCEPTD": "ACCEPTED",
    "UNKNOWN": "UNKNOWN",
    "REJECTD": "REJECTED",
    "SKIPPED": "SKIPPED",
}


def by_id(vectors: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(vector, id=f"{vector['id']} {' '.join(vector['tags'])}") for vector in vectors]


def message_of(vector: dict[str, Any]) -> ShortMessage:
    content = bytes.fromhex(vector["hex"]) if "hex" in vector else vector.get("text", "").encode("latin-1")
    return ShortMessage(
        esm_class=vector.get("esm_class", 0x04),
        data_coding=vector.get("data_coding", 0),
        short_message=content,
        tlvs=tuple((int(tag, 16), bytes.fromhex(value)) for tag, value in vector.get("tlvs", {}).items()),
    )


def receipt_of(values: dict[str, Any]) -> Receipt:
    return Receipt(
        smsc_message_id=values.get("smsc_message_id"),
        stat=values.get("stat"),
        state=MessageState[values["state"]] if "state" in values else None,
        error_code=values.get("error_code"),
        submit_at=datetime.fromisoformat(values["submit_at"]) if "submit_at" in values else None,
        done_at=datetime.fromisoformat(values["done_at"]) if "done_at" in values else None,
        intermediate=values.get("intermediate", False),
        id_in_text=values.get("id_in_text"),
    )


@pytest.mark.parametrize("vector", by_id(RECEIPTS))
def test_a_receipt_says_what_became_of_the_message(vector: dict[str, Any]) -> None:
    assert parse_receipt(message_of(vector)) == receipt_of(vector["receipt"])


@pytest.mark.parametrize("vector", by_id([vector for vector in VECTORS if vector["receipt"] is None]))
def test_what_neither_esm_class_nor_tlvs_mark_is_no_receipt(vector: dict[str, Any]) -> None:
    assert parse_receipt(message_of(vector)) is None


@pytest.mark.parametrize(
    ("text", "is_receipt"),
    [
        (b"id:77 sub:001 stat:DELIVRD", True),
        (b"id:77 done date:2609051433 stat:NOSUCH", True),
        (b"stat:delivrd,err:000,id:77", True),
        (b"id:77 stat:DELIVRD", False),
        (b"id:77 err:000", False),
        (b"stat:DELIVRD err:000", False),
        (b"id: stat:DELIVRD err:000", False),
        (b"my id:77 is in the text: see you", False),
        (b"", False),
    ],
)
def test_where_texts_count_one_with_id_stat_and_another_key_is_a_receipt(text: bytes, is_receipt: bool) -> None:
    message = ShortMessage(short_message=text)
    assert (parse_receipt(message, by_text=True) is not None) is is_receipt
    assert parse_receipt(message) is None


@pytest.mark.parametrize("vector", by_id(RECEIPTS))
def test_where_texts_count_a_marked_receipt_is_read_all_the_same(vector: dict[str, Any]) -> None:
    assert parse_receipt(message_of(vector), by_text=True) == receipt_of(vector["receipt"])


@pytest.mark.parametrize("vector", by_id(WITH_FIELDS))
def test_a_receipt_text_gives_the_values_of_its_keys(vector: dict[str, Any]) -> None:
    assert receipt_fields(vector["text"]) == vector["fields"]


@pytest.mark.parametrize("vector", by_id(WITH_FIELDS))
def test_a_usual_text_gives_the_same_values_when_it_is_not_matched_at_once(vector: dict[str, Any]) -> None:
    assert receipt_fields("\0" + vector["text"]) == vector["fields"]


def test_at_least_eighty_texts_of_smscs_of_the_world_are_tried() -> None:
    """Those that somebody else has written down; our own come on top."""
    public = [vector for vector in WITH_FIELDS if vector["source"].split()[0] not in ("own", "derived")]
    assert len({vector["text"] for vector in public}) >= 80


@pytest.mark.parametrize(("stat", "status"), CONTRACT_STATUSES.items())
def test_a_stat_means_a_status_of_the_contract_and_back(stat: str, status: str) -> None:
    state = state_of(stat)
    assert state is MessageState[status]
    assert stat_of(state) == stat


def test_every_message_state_has_its_stat() -> None:
    assert {stat_of(state) for state in MessageState} <= set(CONTRACT_STATUSES)


def test_the_simulator_writes_the_text_of_appendix_b() -> None:
    text = format_receipt("0A7", MessageState.UNDELIVERABLE, SUBMIT_AT, DONE_AT, error_code="034", text="x" * 30)
    assert text == (
        "id:0A7 sub:001 dlvrd:000 submit date:2609051430 done date:2609051433 stat:UNDELIV err:034 text:" + "x" * 20
    )


@pytest.mark.parametrize("state", MessageState)
def test_what_the_simulator_writes_is_read_back(state: MessageState) -> None:
    text = format_receipt("0A7", state, SUBMIT_AT, DONE_AT, text="hello")
    receipt = parse_receipt(ShortMessage(esm_class=0x04, short_message=text.encode("ascii")))
    assert receipt == Receipt("0A7", stat_of(state), state, "000", SUBMIT_AT, DONE_AT, False, id_in_text="0A7")


@pytest.mark.parametrize("codec", ["utf-16-be", "utf-16-le", "utf-16"])
def test_a_receipt_may_come_in_ucs_2_whichever_octet_comes_first(codec: str) -> None:
    text = format_receipt("0A7", MessageState.EXPIRED, SUBMIT_AT, DONE_AT, text="здравствуй")
    receipt = parse_receipt(ShortMessage(esm_class=0x04, short_message=text.encode(codec)))
    assert receipt == Receipt("0A7", "EXPIRED", MessageState.EXPIRED, "000", SUBMIT_AT, DONE_AT, False, "0A7")


@pytest.mark.parametrize("header", [b"", bytes.fromhex("0500030c0201")])
def test_a_receipt_may_come_in_packed_septets(header: bytes) -> None:
    septets = encode_text(format_receipt("0A7", MessageState.EXPIRED, SUBMIT_AT, DONE_AT), Encoding.GSM7)
    content = header + pack(septets, fill_bits=fill_bits_behind(len(header)), cr_padding=True)
    receipt = parse_receipt(ShortMessage(esm_class=0x44 if header else 0x04, short_message=content))
    assert receipt == Receipt("0A7", "EXPIRED", MessageState.EXPIRED, "000", SUBMIT_AT, DONE_AT, False, "0A7")


def test_the_repr_of_a_receipt_shows_no_text() -> None:
    text = format_receipt("0A7", MessageState.DELIVERED, SUBMIT_AT, DONE_AT, text="secret")
    assert "secret" not in repr(parse_receipt(ShortMessage(esm_class=0x04, short_message=text.encode("ascii"))))


def test_the_first_of_two_equal_tlvs_counts() -> None:
    tlvs = ((int(Tag.RECEIPTED_MESSAGE_ID), b"1\0"), (int(Tag.RECEIPTED_MESSAGE_ID), b"2\0"))
    receipt = parse_receipt(ShortMessage(esm_class=0x04, tlvs=tlvs))
    assert receipt == Receipt("1", None, None, None, None, None, intermediate=False)


@pytest.mark.parametrize("value", ["", "1" * 9, "1" * 11, "1" * 13, "1" * 15, "x" * 16, "1" * 100_000, "٢٦٠٩٠٥١٤٣٠"])
def test_a_date_of_no_known_form_is_none(value: str) -> None:
    assert receipt_time(value) is None
