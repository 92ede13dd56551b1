"""Text to the octets of short_message and back, and the data_coding that says which (SMPP 3.4, 5.2.19)."""

import unicodedata
from enum import Enum

from smpp.constants import DataCoding
from smpp.shift_tables import NO_SHIFT, Shift, septet_table


class Encoding(Enum):
    """How content is written in octets; values are the names that dispatch messages use."""

    GSM7 = "gsm7"
    LATIN1 = "latin1"
    ASCII = "ascii"
    UCS2 = "ucs2"
    BINARY = "binary"
    CYRILLIC = "iso-8859-5"
    HEBREW = "iso-8859-8"


class UnencodableText(ValueError):
    """An encoding has no octets for some characters of a text; holds nothing of the text itself.

    position: of the first such character, from 0; category: its Unicode general category, e.g. "So";
    count: how many there are.
    """

    def __init__(self, encoding: Encoding, position: int, category: str, count: int) -> None:
        super().__init__(f"{encoding.value} lacks {count} of the characters, the first at {position} ({category})")
        self.encoding = encoding
        self.position = position
        self.category = category
        self.count = count


# UCS-2 is written as UTF-16: handsets show the surrogate pairs of emoji, and without them it is the same.
_CODECS = {
    Encoding.LATIN1: "latin-1",
    Encoding.ASCII: "ascii",
    Encoding.UCS2: "utf-16-be",
    Encoding.CYRILLIC: "iso8859-5",
    Encoding.HEBREW: "iso8859-8",
}

_DATA_CODINGS = {
    Encoding.ASCII: DataCoding.IA5,
    Encoding.LATIN1: DataCoding.LATIN1,
    Encoding.BINARY: DataCoding.BINARY,
    Encoding.CYRILLIC: DataCoding.CYRILLIC,
    Encoding.HEBREW: DataCoding.HEBREW,
    Encoding.UCS2: DataCoding.UCS2,
}

# Class 0 in the general data coding group of 23.038, section 4: what SMSCs take, though 5.2.19 calls it reserved.
_FLASH_DATA_CODINGS = {Encoding.GSM7: 0x10, Encoding.BINARY: 0x14, Encoding.UCS2: 0x18}

_ENCODINGS = {int(value): encoding for encoding, value in _DATA_CODINGS.items()} | {
    int(DataCoding.BINARY_ALIAS): Encoding.BINARY
}

_GSM_ALPHABETS = (Encoding.GSM7, Encoding.BINARY, Encoding.UCS2, Encoding.BINARY)  # bits 3-2 of 23.038, section 4

_NO_TEXT = "binary content is no text"

_BOM = "\ufeff"
_LITTLE_ENDIAN_BOM = b"\xff\xfe"  # read as big-endian it would be U+FFFE, which no text contains


def encode_text(text: str, encoding: Encoding, shift: Shift = NO_SHIFT) -> bytes:
    """Octets of `text`, GSM7 one septet to an octet and with the national tables of `shift`.

    Raises UnencodableText where a character has none in `encoding`, ValueError for BINARY, which is no text.
    """
    octets = octets_of(text, encoding, shift)
    if octets is None:
        raise _unencodable(text, encoding, shift)
    return octets


def octets_of(text: str, encoding: Encoding, shift: Shift = NO_SHIFT) -> bytes | None:
    """As `encode_text`, but None where a character has no octets."""
    if encoding is Encoding.GSM7:
        return septet_table(shift).encode(text)
    if encoding is Encoding.BINARY:
        raise ValueError(_NO_TEXT)
    try:
        return text.encode(_CODECS[encoding])
    except UnicodeEncodeError:
        return None


def decode_text(octets: bytes, encoding: Encoding, shift: Shift = NO_SHIFT) -> str:
    """Text of `octets`, as `encode_text` writes them; what cannot be read becomes U+FFFD, a byte order mark is dropped.

    Raises ValueError for BINARY, which is no text.
    """
    if encoding is Encoding.GSM7:
        return septet_table(shift).decode(octets)
    if encoding is Encoding.BINARY:
        raise ValueError(_NO_TEXT)
    if encoding is Encoding.UCS2 and octets.startswith(_LITTLE_ENDIAN_BOM):
        return octets[2:].decode("utf-16-le", "replace")
    return octets.decode(_CODECS[encoding], "replace").removeprefix(_BOM)


def data_coding(encoding: Encoding, default_alphabet: Encoding = Encoding.GSM7, *, flash: bool = False) -> int:
    """The data_coding of content in `encoding`, at an SMSC whose data_coding 0 means `default_alphabet`.

    Raises ValueError where no value names it, which a Composer never asks for: GSM7 where the default is
    another, and flash for other encodings than GSM7, UCS2 and BINARY.
    """
    if encoding is default_alphabet and not flash:
        return int(DataCoding.SMSC_DEFAULT)
    value = (_FLASH_DATA_CODINGS if flash else _DATA_CODINGS).get(encoding)
    if value is None:
        raise ValueError(f"no data_coding means {encoding.value}{' as flash' if flash else ''} here")
    return int(value)


def encoding_of(value: int, default_alphabet: Encoding = Encoding.GSM7) -> Encoding:
    """The encoding that a data_coding (0..255) means; BINARY where we cannot tell, so that no octet is lost.

    Source: SMPP 3.4, 5.2.19 up to 0x0F; above it the data coding groups of 3GPP TS 23.038, section 4.
    """
    if value == DataCoding.SMSC_DEFAULT:
        return default_alphabet
    if value < 0x10:
        return _ENCODINGS.get(value, Encoding.BINARY)
    if value < 0x80:
        is_compressed = value & 0x20
        return Encoding.BINARY if is_compressed else _GSM_ALPHABETS[value >> 2 & 0x03]
    if value >= 0xF0:
        return Encoding.BINARY if value & 0x04 else Encoding.GSM7
    if value >= 0xE0:
        return Encoding.UCS2
    return Encoding.GSM7 if value >= 0xC0 else Encoding.BINARY


def _unencodable(text: str, encoding: Encoding, shift: Shift) -> UnencodableText:
    lacking = {character for character in set(text) if octets_of(character, encoding, shift) is None}
    positions = [place for place, character in enumerate(text) if character in lacking]
    return UnencodableText(encoding, positions[0], unicodedata.category(text[positions[0]]), len(positions))
