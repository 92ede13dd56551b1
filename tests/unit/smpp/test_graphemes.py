"""Boundaries between what readers see as characters; the cases are of the kinds of Unicode's GraphemeBreakTest."""

import pytest

from smpp.graphemes import is_boundary


@pytest.mark.parametrize(
    "characters",
    [
        ["a", "b"],
        ["\r\n", "a"],
        ["\n", "\r"],
        ["a", "\r"],
        ["e\u0301", "x"],
        ["a\u0308\u0304", "b"],
        ["❤\ufe0f", "❤\ufe0f"],
        ["1\ufe0f\u20e3", "2"],
        ["👍🏽", "👍"],
        ["👨\u200d👩\u200d👧", "👨"],
        ["🇩🇪", "🇫🇷", "🇨"],
        ["a", "🇩🇪", "🇫"],
        ["🏴\U000e0067\U000e0062\U000e007f", "!"],
        ["क्षि", "क"],
        ["क्\u200dष", "क"],
        ["क़्ष", "क"],
        ["ක්\u200dෂ", "ක"],
        ["த", "மி"],
        ["กำ", "ก"],
        ["\u1100\u1161\u11a8", "\u1100"],
        ["\u1100\uac00\u11a8", "가"],
        ["각\u11a8", "\u1161"],
        ["가\u1161", "a"],
        ["\ua960\ud7b0\ud7cb", "\u1100"],
        ["각", "\u1100각"],
        ["\u0600١", "٢"],
        ["\U000111c2\U00011183", "a"],
        ["م\u0651", "ح"],
        ["字", "字"],
    ],
)
def test_a_text_has_boundaries_between_these_characters_and_nowhere_else(characters: list[str]) -> None:
    text = "".join(characters)
    ends = [len("".join(characters[: index + 1])) for index in range(len(characters))]
    assert [index for index in range(1, len(text)) if is_boundary(text, index)] == ends[:-1]
