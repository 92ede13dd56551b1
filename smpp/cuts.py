"""Where long content may be cut into parts, so that each part can be read alone.

Encoded content is cut, because the limits count octets: a cut never falls between an escape and its septet or
inside a surrogate pair. UCS-2 is moreover kept from cuts inside what a reader sees as one character (Unicode
UAX #29, its rules that matter for messages), as long as that does not cost another part: each part is billed,
and a receiver that joins the parts sees no cut at all.
"""

import unicodedata
from collections.abc import Callable

from smpp.gsm7 import ESCAPE

Boundary = Callable[[bytes, int, int], int]
"""(content, start, end) -> where the part from `start` really ends, at most at `end`."""

_ZWJ = "\u200d"
_EXTENDING = frozenset(
    [_ZWJ, "\u200c", "\u0e33", "\u0eb3", "\uff9e", "\uff9f"]  # ZWNJ, Thai and Lao am, halfwidth voicing marks
    + [chr(code) for code in range(0x1F3FB, 0x1F400)]  # skin tones
    + [chr(code) for code in range(0xE0020, 0xE0080)]  # tags of regional flags
)
"""What belongs to the character before it besides the marks (general category M)."""

_VIRAMA = 9  # canonical combining class of the signs that join an Indic consonant to the next one


def cut_octets(content: bytes, limit: int) -> list[bytes]:
    """Parts of at most `limit` octets, each full but the last."""
    return [content[start : start + limit] for start in range(0, len(content), limit)]


def cut_septets(content: bytes, limit: int) -> list[bytes]:
    """Parts of at most `limit` unpacked septets; an escape stays with the septet behind it."""
    return _cut(content, limit, _before_escape)


def cut_ucs2(content: bytes, limit: int) -> list[bytes]:
    """Parts of at most `limit` octets; surrogate pairs stay whole, characters as readers see them where it is free."""
    limit -= limit % 2
    fewest = _cut(content, limit, _before_pair)
    kindest = _cut(content, limit, _before_character)
    return kindest if len(kindest) == len(fewest) else fewest


def _cut(content: bytes, limit: int, boundary: Boundary) -> list[bytes]:
    parts = []
    start = 0
    while len(content) - start > limit:
        end = boundary(content, start, start + limit)
        parts.append(content[start:end])
        start = end
    parts.append(content[start:])
    return parts


def _before_escape(content: bytes, _start: int, end: int) -> int:
    return end - 1 if content[end - 1] == ESCAPE else end


def _before_pair(content: bytes, _start: int, end: int) -> int:
    is_low_surrogate = 0xDC <= content[end] <= 0xDF
    return end - 2 if is_low_surrogate else end


def _before_character(content: bytes, start: int, end: int) -> int:
    end = _before_pair(content, start, end)
    text = content[start : end + 4].decode("utf-16-be", "ignore")
    index = len(content[start:end].decode("utf-16-be"))
    while index and not _is_break(text, index):
        index -= 1
    return start + len(text[:index].encode("utf-16-be")) if index else end


def _is_break(text: str, index: int) -> bool:
    """Whether a reader sees one character end and another begin at `index`; section numbers are those of UAX #29."""
    before, after = text[index - 1], text[index]
    if _extends(after) or before == _ZWJ or (before, after) == ("\r", "\n"):  # GB9, GB9a, GB11, GB3
        return False
    if unicodedata.combining(before) == _VIRAMA:  # GB9c
        return not after.isalpha()
    if _is_regional_indicator(after):  # GB12, GB13: they pair up to flags from the left
        return _regional_indicators_before(text, index) % 2 == 0
    return not ("\u1160" <= after <= "\u11ff" and _is_hangul(before))  # GB6 to GB8


def _extends(character: str) -> bool:
    return character in _EXTENDING or unicodedata.category(character)[0] == "M"


def _is_regional_indicator(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _regional_indicators_before(text: str, index: int) -> int:
    first = index
    while first and _is_regional_indicator(text[first - 1]):
        first -= 1
    return index - first


def _is_hangul(character: str) -> bool:
    return "\u1100" <= character <= "\u11ff" or "\uac00" <= character <= "\ud7a3"
