"""The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1), one septet an octet or packed.

SMPP carries septets unpacked: one to an octet, the SMSC packs them for the air. Packed content (6.1.2) is
met at a few SMSCs and inside binary content, so it can be read and written too.
"""

import codecs
import re
from collections.abc import Mapping

ESCAPE = 0x1B

ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""Characters by septet; 0x1B leads into the extension table."""

EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
"""Characters by the septet that follows the escape; each costs two septets."""

_CR = 0x0D
_NO_SEPTET = "\ufffd"  # not ASCII, which is how `encode` sees it

_ESCAPE_SEQUENCE = re.compile("\x1b(.?)", re.DOTALL)


class SeptetTable:
    """A table of 128 characters, and the one that its escape leads into."""

    def __init__(self, main: str, extension: Mapping[int, str]) -> None:
        self._main = main
        self._extended = {main[septet]: character for septet, character in extension.items()}
        self._to_septets = dict.fromkeys(range(0x80), _NO_SEPTET)
        self._to_septets.update({ord(character): "\x1b" + chr(septet) for septet, character in extension.items()})
        self._to_septets.update({ord(character): chr(septet) for septet, character in enumerate(main)})
        self._to_septets[ESCAPE] = _NO_SEPTET

    def encode(self, text: str) -> bytes | None:
        """Septets of `text`, one to an octet; None where a character is in neither table."""
        septets = text.translate(self._to_septets)
        return septets.encode("ascii") if septets.isascii() else None

    def decode(self, septets: bytes) -> str:
        """Text of septets, one to an octet; never raises.

        An unknown extension shows as the character of the main table, an escape with nothing or a second escape
        behind it as a space (23.038, 6.2.1.1); an octet above 0x7F, which is no septet, as U+FFFD.
        """
        text = codecs.charmap_decode(septets, "replace", self._main)[0]
        return _ESCAPE_SEQUENCE.sub(self._follower, text) if "\x1b" in text else text

    def _follower(self, sequence: re.Match[str]) -> str:
        follower = sequence[1]
        return " " if follower in ("", "\x1b") else self._extended.get(follower, follower)


DEFAULT = SeptetTable(ALPHABET, EXTENSION)

encode = DEFAULT.encode
decode = DEFAULT.decode


def pack(septets: bytes, *, fill_bits: int = 0, cr_padding: bool = False) -> bytes:
    """Eight septets into seven octets, lowest bits first (23.038, 6.1.2.1).

    fill_bits: 0..6 zero bits put first, so that septets behind a user data header start on a septet boundary.
    cr_padding: seven spare bits at the end become a CR, so that nobody reads them as "@" (6.1.2.3.1). Where the
    last septet is a CR that fills its octet, one more CR is added, because a receiver drops one.
    """
    if cr_padding and _wants_cr(septets, fill_bits):
        septets += bytes([_CR])
    bits = 0
    for septet in reversed(septets):
        bits = bits << 7 | septet
    return (bits << fill_bits).to_bytes(_octets(len(septets), fill_bits), "little")


def unpack(octets: bytes, *, count: int | None = None, fill_bits: int = 0) -> bytes:
    """Septets of packed octets, one to an octet.

    count: how many septets there are, where it is known (23.040 calls it TP-UDL; SMPP does not carry it). Without
    it a last septet that could be padding, a zero or a CR that fills its octet, is taken as padding.
    """
    capacity = max(0, (len(octets) * 8 - fill_bits) // 7)
    bits = int.from_bytes(octets, "little") >> fill_bits
    wanted = capacity if count is None else min(count, capacity)
    septets = bytes([bits >> 7 * index & 0x7F for index in range(wanted)])
    if count is None and _fills_its_octet(capacity, fill_bits) and septets[-1:] in (b"\0", b"\r"):
        return septets[:-1]
    return septets


def fill_bits_behind(header_octets: int) -> int:
    """Bits between a user data header and packed septets, so that these start on a septet boundary (0..6)."""
    return -header_octets * 8 % 7


def _octets(septets: int, fill_bits: int) -> int:
    return (septets * 7 + fill_bits + 7) // 8


def _fills_its_octet(septets: int, fill_bits: int) -> bool:
    return septets > 0 and (septets * 7 + fill_bits) % 8 == 0


def _wants_cr(septets: bytes, fill_bits: int) -> bool:
    has_seven_spare_bits = _fills_its_octet(len(septets) + 1, fill_bits)
    return has_seven_spare_bits or (_fills_its_octet(len(septets), fill_bits) and septets[-1:] == b"\r")
