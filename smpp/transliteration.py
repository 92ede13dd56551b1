"""Other characters for those that an alphabet lacks: what typesetters and keyboards put in, and accents.

It alters what was typed, so it is an operator's option, and whoever uses it says so in the result (`smpp.composing`).
Emoji and other scripts have no substitute here: a text with them goes out in UCS-2.
"""

import unicodedata
from collections.abc import Callable

_SUBSTITUTES = {
    "'": "‘’‚‛′‹›´ʹʻʼʽˈ`",
    '"': "“”„‟″«»〝〞¨",
    "-": "‐‑‒–—―−⁃•·‣",
    "/": "⁄∕÷",
    "x": "×",
    " ": "\t\u1680\u180e",  # what Unicode decomposes to a space, such as the no-break space, needs no entry
    "\n": "\v\x85\u2028\u2029",
    "": "\u00ad\u200b\u200e\u200f\u2060\ufe0e\ufe0f\ufeff",  # soft hyphen, zero width, direction and variation marks
    "AE": "Æ",
    "D": "ÐĐ",
    "EUR": "€",
    "H": "Ħ",
    "L": "Ł",
    "O": "Ø",
    "OE": "Œ",
    "TH": "Þ",
    "ae": "æ",
    "d": "ðđ",
    "h": "ħ",
    "i": "ı",
    "l": "ł",
    "o": "ø",
    "oe": "œ",
    "ss": "ß",
    "th": "þ",
    "!": "¡",
    "?": "¿",
    "(c)": "©",
    "(r)": "®",
}
"""Characters by what may stand for each of them."""

_SUBSTITUTE_OF = {character: substitute for substitute, group in _SUBSTITUTES.items() for character in group}

# Without the overlays U+0334 to U+0338, which turn "=" into "≠".
_ACCENTS = frozenset(chr(code) for code in (*range(0x300, 0x334), *range(0x339, 0x370)))

IsCarried = Callable[[str], bool]


def transliterate(text: str, is_carried: IsCarried) -> str:
    """`text` with a substitute for each character that is not carried and has one; the others stay.

    is_carried: whether the alphabet has this character. Letters typed as a base and its accents are put together.
    """
    composed = unicodedata.normalize("NFC", text)
    return composed.translate({ord(c): _substitute(c, is_carried) for c in set(composed) if not is_carried(c)})


def _substitute(character: str, is_carried: IsCarried) -> str:
    """A substitute of carried characters only; else the character itself."""
    substitute = _SUBSTITUTE_OF.get(character)
    if substitute is None:
        substitute = _plain(character)
    return substitute if all(map(is_carried, substitute)) else character


def _plain(character: str) -> str:
    """The compatibility form, a letter without its accents: "é" gives "e", "…" three dots.

    Not of numbers: "1½" would become "11/2", "10²" a hundred and two.
    """
    if unicodedata.category(character) == "No":
        return character
    parts = list(unicodedata.normalize("NFKD", character))
    if parts[0].isalpha() or parts[0] in _ACCENTS:
        parts = [part for part in parts if part not in _ACCENTS]
    return "".join([_SUBSTITUTE_OF.get(part, part) for part in parts])
