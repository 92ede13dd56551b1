"""National language tables: GSM 7-bit for the letters that the default alphabet lacks (3GPP TS 23.038, annex A).

A locking shift table takes the place of the default alphabet, a single shift table that of its extension table; an
element of the user data header names each (3GPP TS 23.040, 9.2.3.24.15 and 16). Spanish has a single shift table only.
"""

from collections.abc import Iterable
from enum import Enum
from functools import cache
from typing import NamedTuple

from smpp.gsm7 import ALPHABET, DEFAULT, EXTENSION, SeptetTable
from smpp.udh import Element

IEI_SINGLE_SHIFT = 0x24
IEI_LOCKING_SHIFT = 0x25

ELEMENT_OCTETS = 3  # of either element in a header


class Language(Enum):
    """A language with tables of its own; values are the names in an operator's settings."""

    TURKISH = "turkish"
    SPANISH = "spanish"
    PORTUGUESE = "portuguese"


IDENTIFIERS = {Language.TURKISH: 1, Language.SPANISH: 2, Language.PORTUGUESE: 3}
"""National language identifiers (23.038, 6.2.1.2.4)."""

_LANGUAGES = {identifier: language for language, identifier in IDENTIFIERS.items()}

LOCKING = {
    Language.TURKISH: (
        "@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ"
        " !\"#¤%&'()*+,-./0123456789:;<=>?"
        "İABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
        "çabcdefghijklmnopqrstuvwxyzäöñüà"
    ),
    Language.PORTUGUESE: (
        "@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ"
        " !\"#º%&'()*+,-./0123456789:;<=>?"
        "ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§"
        "~abcdefghijklmnopqrstuvwxyzãõ`üà"
    ),
}
"""Characters by septet (A.3)."""

SINGLE = {
    Language.TURKISH: EXTENSION | {0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"},
    Language.SPANISH: EXTENSION
    | {0x09: "ç", 0x41: "Á", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x61: "á", 0x69: "í", 0x6F: "ó", 0x75: "ú"},
    Language.PORTUGUESE: EXTENSION
    | {0x05: "ê", 0x09: "ç", 0x0B: "Ô", 0x0C: "ô", 0x0E: "Á", 0x0F: "á", 0x12: "Φ", 0x13: "Γ", 0x15: "Ω", 0x16: "Π"}
    | {0x17: "Ψ", 0x18: "Σ", 0x19: "Θ", 0x1F: "Ê", 0x41: "À", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x5B: "Ã", 0x5C: "Õ"}
    | {0x61: "Â", 0x69: "í", 0x6F: "ó", 0x75: "ú", 0x7B: "ã", 0x7C: "õ", 0x7F: "â"},
}
"""Characters by the septet that follows the escape (A.2)."""


class Shift(NamedTuple):
    """Whose tables a text is written with; None: the default alphabet, its extension table."""

    locking: Language | None = None
    single: Language | None = None


NO_SHIFT = Shift()


@cache
def septet_table(shift: Shift) -> SeptetTable:
    """The tables to encode and decode with; KeyError for the locking table that Spanish does not have."""
    if shift == NO_SHIFT:
        return DEFAULT
    main = LOCKING[shift.locking] if shift.locking else ALPHABET
    return SeptetTable(main, SINGLE[shift.single] if shift.single else EXTENSION)


@cache
def shift_elements(shift: Shift) -> tuple[Element, ...]:
    """The elements of a user data header that name the tables."""
    named = ((IEI_SINGLE_SHIFT, shift.single), (IEI_LOCKING_SHIFT, shift.locking))
    return tuple((identifier, bytes((IDENTIFIERS[language],))) for identifier, language in named if language)


def shift_of(elements: Iterable[Element]) -> Shift:
    """The tables that a received header names; a language that is not known here counts as none (23.040)."""
    languages = {identifier: _LANGUAGES.get(octets[0]) for identifier, octets in elements if len(octets) == 1}
    locking = languages.get(IEI_LOCKING_SHIFT)
    return Shift(locking if locking in LOCKING else None, languages.get(IEI_SINGLE_SHIFT))


@cache
def shifts_of(languages: tuple[Language, ...]) -> tuple[Shift, ...]:
    """Every use of the tables of these languages, those with the shorter header first."""
    locking = [None, *(language for language in languages if language in LOCKING)]
    shifts = [Shift(lock, single) for lock in locking for single in (None, *languages)]
    return tuple(sorted(shifts[1:], key=lambda shift: len(shift_elements(shift))))
