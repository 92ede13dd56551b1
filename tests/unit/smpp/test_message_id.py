"""Ids in the submit_sm_resp and in the receipt, and when they mean the same message."""

import json
from pathlib import Path
from typing import Any

import pytest

from smpp.message_id import IdRule, IdRules, normalise
from smpp.receipts import Receipt

TABLE = Path(__file__).parents[2] / "vectors" / "message_ids.json"
VECTORS = json.loads(TABLE.read_text(encoding="utf-8"))["vectors"]


def key_of(side: dict[str, str]) -> str:
    return normalise(side["smsc_message_id"], IdRule(side["rule"]))


@pytest.mark.parametrize(
    "vector", [pytest.param(vector, id=f"{vector['id']} {vector.get('why', '')}") for vector in VECTORS]
)
def test_a_receipt_finds_its_submit_sm_resp_and_no_other(vector: dict[str, Any]) -> None:
    assert (key_of(vector["submit_resp"]) == key_of(vector["receipt"])) is vector["same"]


@pytest.mark.parametrize("smsc_message_id", ["0", "007", "ABC", "abc", "4831666765594842386172", "a b", "_-=+/"])
def test_the_key_of_a_string_is_the_id_as_it_came(smsc_message_id: str) -> None:
    assert normalise(smsc_message_id, IdRule.STRING) == smsc_message_id


def test_the_key_of_a_number_is_its_decimal_value() -> None:
    assert normalise("0006AAD5", IdRule.HEX) == normalise("000436949", IdRule.DEC) == "436949"


def receipt_with(smsc_message_id: str | None, id_in_text: str | None) -> Receipt:
    return Receipt(smsc_message_id, "DELIVRD", None, None, None, None, intermediate=False, id_in_text=id_in_text)


@pytest.mark.parametrize(
    ("tlv_or_text", "text", "rules"),
    [
        ("6aad5", "0000436949", IdRules()),
        ("6aad5", "0000436949", IdRules(IdRule.HEX, IdRule.DEC)),
        ("0000436949", "0000436949", IdRules(IdRule.HEX, IdRule.DEC)),
        ("436949", "0000436949", IdRules(IdRule.HEX, IdRule.DEC)),
        ("0000436949", None, IdRules(IdRule.HEX, IdRule.DEC)),
        ("6aad5", None, IdRules(IdRule.HEX, IdRule.DEC)),
        (" 06AAD5\0", None, IdRules(IdRule.HEX, IdRule.DEC)),
    ],
)
def test_a_receipt_finds_its_message_by_tlv_or_by_text(tlv_or_text: str, text: str | None, rules: IdRules) -> None:
    assert rules.key_of_receipt(receipt_with(tlv_or_text, text)) == rules.key_of_response("6aad5")


def test_a_tlv_in_a_notation_that_neither_side_has_leaves_the_text() -> None:
    rules = IdRules(IdRule.DEC, IdRule.DEC)
    assert rules.key_of_receipt(receipt_with("6aad5", "0000436949")) == rules.key_of_response("436949")


def test_a_hexadecimal_tlv_that_looks_decimal_is_read_like_the_response() -> None:
    rules = IdRules(IdRule.HEX, IdRule.DEC)
    assert rules.key_of_receipt(receipt_with("12345678", "305419896")) == rules.key_of_response("12345678")


def test_a_receipt_without_an_id_has_no_key() -> None:
    assert IdRules().key_of_receipt(receipt_with(None, None)) is None
