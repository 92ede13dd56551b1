"""How a text is written into short messages: its alphabet, its tables, and the room that headers leave it.

An SMS has 140 octets (3GPP TS 23.040, 9.2.3.24): 160 septets, 70 UCS-2 code units or 140 octets.
"""

import re
from dataclasses import dataclass

from smpp.cuts import cut_octets, cut_septets, cut_ucs2
from smpp.shift_tables import ELEMENT_OCTETS, NO_SHIFT, Shift, shift_elements
from smpp.text import Encoding, encode_text
from smpp.udh import MAX_PARTS

SMS_OCTETS = 140

_SEPTET_ENCODINGS = (Encoding.GSM7, Encoding.ASCII)

# An SMSC turns ASCII into septets; these take two of them, so a part counts them double.
_WIDE_ASCII = re.compile(rb"(?=[\f\[\\\]^{|}~])")
_WIDENING = re.compile(rb"\x1b(?=[\f\[\\\]^{|}~])")


class TooManyParts(ValueError):
    """A message needs more than 255 parts; `parts` is how many at least."""

    def __init__(self, parts: int) -> None:
        super().__init__(f"at least {parts} parts, and {MAX_PARTS} are possible")
        self.parts = parts


@dataclass(slots=True, frozen=True)
class Form:
    """The alphabet, the national tables of GSM7, and whether its septets go out packed (23.038, 6.1.2.1)."""

    encoding: Encoding
    shift: Shift = NO_SHIFT
    packed: bool = False


BINARY = Form(Encoding.BINARY)


def cut_text(text: str, form: Form, concatenation_octets: int) -> list[bytes]:
    """The content of each part, septets one to an octet; one part where the text fits an SMS.

    concatenation_octets: what each of several parts loses to the header that joins them.
    Raises UnencodableText and TooManyParts.
    """
    content = encode_text(text, form.encoding, form.shift)
    return cut_content(content, form, concatenation_octets)


def cut_content(content: bytes, form: Form, concatenation_octets: int) -> list[bytes]:
    """As `cut_text`, of a text that is encoded, or of binary content. Raises TooManyParts."""
    if form.encoding is Encoding.ASCII:
        return [
            _WIDENING.sub(b"", part) for part in _cut(_WIDE_ASCII.sub(b"\x1b", content), form, concatenation_octets)
        ]
    return _cut(content, form, concatenation_octets)


def fits_one(content: bytes, form: Form) -> bool:
    """Whether encoded content fits a single SMS."""
    units = _WIDE_ASCII.sub(b"\x1b", content) if form.encoding is Encoding.ASCII else content
    return len(units) <= _room(form, _header_octets(form, 0))


def octets_on_air(contents: list[bytes], form: Form, concatenation_octets: int) -> int:
    """Octets of all parts together, headers included."""
    header_octets = _header_octets(form, concatenation_octets if len(contents) > 1 else 0)
    bits_per_unit = 7 if form.encoding in _SEPTET_ENCODINGS else 8
    return sum(header_octets + -(-len(content) * bits_per_unit // 8) for content in contents)


def _cut(units: bytes, form: Form, concatenation_octets: int) -> list[bytes]:
    if len(units) <= _room(form, _header_octets(form, 0)):
        return [units]
    limit = _room(form, _header_octets(form, concatenation_octets))
    if len(units) > MAX_PARTS * limit:
        raise TooManyParts(-(-len(units) // limit))
    parts = _cut_as_its_encoding(units, form.encoding, limit)
    if len(parts) > MAX_PARTS:
        raise TooManyParts(len(parts))
    return parts


def _cut_as_its_encoding(units: bytes, encoding: Encoding, limit: int) -> list[bytes]:
    if encoding is Encoding.UCS2:
        return cut_ucs2(units, limit)
    return cut_septets(units, limit) if encoding in _SEPTET_ENCODINGS else cut_octets(units, limit)


def _header_octets(form: Form, concatenation_octets: int) -> int:
    if form.shift == NO_SHIFT:
        return concatenation_octets
    return max(concatenation_octets, 1) + ELEMENT_OCTETS * len(shift_elements(form.shift))


def _room(form: Form, header_octets: int) -> int:
    octets = SMS_OCTETS - header_octets
    return octets * 8 // 7 if form.encoding in _SEPTET_ENCODINGS else octets
