"""What an operator may say of its receipts, and what is wrong with what it says."""

from typing import Any

import msgspec
import pytest

from config.operators import OperatorConfig
from config.receipts import ReceiptConfig


def configured(receipts: Any) -> OperatorConfig:
    settings = {"operator_id": "mno", "endpoints": [{"host": "smsc", "port": 2775}], "receipts": receipts}
    return msgspec.convert(settings, OperatorConfig)


def test_without_a_word_receipts_are_those_of_the_specification():
    assert configured({}).receipts == ReceiptConfig(by_text=False, stats={})


def test_words_have_the_statuses_of_events():
    assert configured({"stats": {"0": "DELIVERED", "DND": "REJECTED"}}).receipts.stats == {
        "0": "DELIVERED",
        "DND": "REJECTED",
    }


@pytest.mark.parametrize(
    ("receipts", "reason"),
    [
        ({"stats": {"0": "DELIVRD"}}, "Invalid enum value 'DELIVRD' - at `$.receipts.stats[...]`"),
        ({"stats": {"0": 2}}, "Expected `str`, got `int` - at `$.receipts.stats[...]`"),
        ({"by_text": "yes"}, "Expected `bool`, got `str` - at `$.receipts.by_text`"),
        ({"stats": {"": "DELIVERED"}}, "receipts: a word in stats is empty or has spaces"),
        ({"stats": {"not sent": "REJECTED"}}, "receipts: a word in stats is empty or has spaces"),
        (
            {"stats": {"Ok": "DELIVERED", "OK": "REJECTED"}},
            "receipts: two words in stats differ in case only",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(receipts: Any, reason: str):
    with pytest.raises(msgspec.ValidationError) as caught:
        configured(receipts)
    assert str(caught.value) == reason
