"""What an operator may say of its texts, and what is wrong with what it says."""

from typing import Any

import msgspec
import pytest

from config.operators import OperatorConfig
from config.texts import TextConfig
from smpp.shift_tables import Language


def configured(**settings: Any) -> OperatorConfig:
    return msgspec.convert(
        {"operator_id": "mno", "endpoints": [{"host": "smsc", "port": 2775}], **settings}, OperatorConfig
    )


def test_without_a_word_none_of_the_options_is_used():
    assert configured().text == TextConfig(packed_gsm7=False, transliterate=False, shift_tables=(), latin1=False)


def test_languages_are_named():
    text = configured(text={"shift_tables": ["turkish", "spanish", "portuguese"]}).text

    assert text.shift_tables == (Language.TURKISH, Language.SPANISH, Language.PORTUGUESE)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"text": {"shift_tables": ["klingon"]}}, "Invalid enum value 'klingon' - at `$.text.shift_tables[0]`"),
        ({"text": {"shift_tables": "turkish"}}, "Expected `array`, got `str` - at `$.text.shift_tables`"),
        ({"text": {"packed_gsm7": 1}}, "Expected `bool`, got `int` - at `$.text.packed_gsm7`"),
        ({"text": True}, "Expected `object`, got `bool` - at `$.text`"),
        (
            {"default_alphabet": "latin1", "text": {"packed_gsm7": True}},
            "text: packed_gsm7 and shift_tables need default_alphabet gsm7, no other value names GSM7",
        ),
        (
            {"default_alphabet": "ascii", "text": {"shift_tables": ["turkish"]}},
            "text: packed_gsm7 and shift_tables need default_alphabet gsm7, no other value names GSM7",
        ),
        ({"validity_period": "someday"}, "Invalid enum value 'someday' - at `$.validity_period`"),
        ({"source": {"alphabet": "ucs2"}}, "Invalid enum value 'ucs2' - at `$.source.alphabet`"),
    ],
)
def test_what_cannot_be_is_refused_by_its_place(settings: dict[str, Any], reason: str):
    with pytest.raises(msgspec.ValidationError) as refused:
        configured(**settings)

    assert str(refused.value) == reason
