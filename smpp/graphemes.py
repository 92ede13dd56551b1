"""Where a reader sees one character end and another begin (Unicode UAX #29, extended grapheme clusters).

The rules that matter for messages, written out: the standard library has no table of them. Where they are coarser
than the annex they join more, never less, so that no boundary they find cuts a character.
"""

import unicodedata

_ZWJ = "\u200d"
_EXTENDING = frozenset(
    [_ZWJ, "\u200c", "\u0e33", "\u0eb3", "\uff9e", "\uff9f"]  # ZWNJ, Thai and Lao am, halfwidth voicing marks
    + [chr(code) for code in range(0x1F3FB, 0x1F400)]  # skin tones
    + [chr(code) for code in range(0xE0020, 0xE0080)]  # tags of regional flags
)
"""What belongs to the character before it besides the marks (general category M)."""

_PREPENDED = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd\U000111c2\U000111c3"
    "\U000113d1\U0001193f\U00011941\U00011a84\U00011a85\U00011a86\U00011a87\U00011a88\U00011a89\U00011d46\U00011f02"
)
"""What belongs to the character behind it (Prepend): Arabic number signs, Indic letters before another one."""

_VIRAMA = 9  # canonical combining class of the signs that join an Indic consonant to the next one

_L, _V, _T, _LV, _LVT = "L", "V", "T", "LV", "LVT"  # kinds of Hangul jamo and syllables
_HANGUL = {(_L, _L), (_L, _V), (_L, _LV), (_L, _LVT), (_LV, _V), (_V, _V), (_LV, _T), (_V, _T), (_LVT, _T), (_T, _T)}
_T_PER_LV = 28  # syllables that begin with the same two jamo


def is_boundary(text: str, index: int) -> bool:
    """Whether one character ends and another begins at `index`, 1..len(text) - 1."""
    before, after = text[index - 1], text[index]
    if before < "\u0300" and after < "\u0300":  # no mark and no jamo below it
        return (before, after) != ("\r", "\n")  # GB3
    if _extends(after) or before == _ZWJ or before in _PREPENDED:  # GB9, GB9a, GB11, GB9b
        return False
    if after.isalpha() and _extends(before) and _is_virama_before(text, index):  # GB9c
        return False
    if _is_regional_indicator(after):  # GB12, GB13: they pair up to flags from the left
        return _regional_indicators_before(text, index) % 2 == 0
    return (_hangul(before), _hangul(after)) not in _HANGUL  # GB6 to GB8


def _extends(character: str) -> bool:
    return character in _EXTENDING or unicodedata.category(character)[0] == "M"


def _is_virama_before(text: str, index: int) -> bool:
    """Whether a virama is among the marks that end at `index`."""
    while index and _extends(text[index - 1]):
        index -= 1
        if unicodedata.combining(text[index]) == _VIRAMA:
            return True
    return False


def _is_regional_indicator(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _regional_indicators_before(text: str, index: int) -> int:
    first = index
    while first and _is_regional_indicator(text[first - 1]):
        first -= 1
    return index - first


def _hangul(character: str) -> str:
    if "\uac00" <= character <= "\ud7a3":
        return _LVT if (ord(character) - 0xAC00) % _T_PER_LV else _LV
    if "\u1100" <= character <= "\u11ff":
        return _L if character < "\u1160" else _V if character < "\u11a8" else _T
    if "\ud7b0" <= character <= "\ud7fb":
        return _V if character < "\ud7c7" else _T
    return _L if "\ua960" <= character <= "\ua97c" else ""
