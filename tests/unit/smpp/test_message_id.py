"""Ids in the submit_sm_resp and in the receipt, and when they mean the same message."""

import json
from pathlib import Path
from typing import Any

import pytest

from smpp.message_id import IdRule, normalise

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "message_ids.json").read_text(encoding="utf-8"))["vectors"]


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
