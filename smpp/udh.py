"""User data headers: what stands before the text when esm_class has the UDHI bit (3GPP TS 23.040, 9.2.3.24)."""

from dataclasses import dataclass

from smpp.constants import ESM_CLASS_UDHI, Tag
from smpp.hot import ShortMessage
from smpp.tlv import find_tlv

MAX_PARTS = 255
"""What the one octet of a part number can count."""

IEI_CONCAT_8 = 0x00
IEI_CONCAT_16 = 0x08

Element = tuple[int, bytes]
"""An information element: its identifier and its octets, known or not."""


@dataclass(slots=True, frozen=True)
class Concatenation:
    """Which part of which long message this is: `part` 1..`parts`, at most 255."""

    reference: int
    parts: int
    part: int


def concat8(reference: int, parts: int, part: int) -> bytes:
    """A header of 6 octets that says which part follows; reference 0..255."""
    return bytes((5, IEI_CONCAT_8, 3, reference, parts, part))


def concat16(reference: int, parts: int, part: int) -> bytes:
    """A header of 7 octets that says which part follows; reference 0..65535."""
    return bytes((6, IEI_CONCAT_16, 4, reference >> 8, reference & 0xFF, parts, part))


def build_udh(elements: tuple[Element, ...]) -> bytes:
    """The header with these elements; ValueError where it would exceed what its length octets can say."""
    body = b"".join([bytes((identifier, len(octets))) + octets for identifier, octets in elements])
    return bytes((len(body),)) + body


def with_elements(header: bytes, elements: tuple[Element, ...]) -> bytes:
    """A header with these elements added; b"" has none and stays so."""
    if not elements:
        return header
    added = build_udh(elements)
    return bytes((added[0] + sum(header[:1]),)) + header[1:] + added[1:]


def parse_udh(user_data: bytes) -> tuple[tuple[Element, ...], bytes]:
    """The elements of the header in front of `user_data`, and the content behind it; never raises.

    An element that reaches past the header ends it. A header that reaches past the data is none: all is content.
    """
    end = user_data[0] + 1 if user_data else 0
    if end > len(user_data):
        return (), user_data
    elements: list[Element] = []
    start = 1
    while start + 2 <= end and start + 2 + user_data[start + 1] <= end:
        behind = start + 2 + user_data[start + 1]
        elements.append((user_data[start], user_data[start + 2 : behind]))
        start = behind
    return tuple(elements), user_data[end:]


def concatenation(elements: tuple[Element, ...]) -> Concatenation | None:
    """What the elements say about concatenation; the last one counts, an impossible one does not (23.040, 9.2.3.24)."""
    found = None
    for identifier, octets in elements:
        if (identifier, len(octets)) in ((IEI_CONCAT_8, 3), (IEI_CONCAT_16, 4)):
            reference = int.from_bytes(octets[:-2], "big")
            found = make_concatenation(reference, octets[-2], octets[-1]) or found
    return found


def other_elements(elements: tuple[Element, ...]) -> bytes:
    """The elements that say nothing of concatenation, as they stand in a header behind its length octet."""
    return build_udh(tuple(one for one in elements if one[0] not in (IEI_CONCAT_8, IEI_CONCAT_16)))[1:]


def make_concatenation(reference: int, parts: int, part: int) -> Concatenation | None:
    """None where there can be no such part: 23.040 says to read that as if nothing were said (9.2.3.24.1)."""
    return Concatenation(reference, parts, part) if 1 <= part <= parts <= MAX_PARTS else None


def user_data(message: ShortMessage) -> tuple[tuple[Element, ...], bytes]:
    """Header elements and content of a submit_sm, deliver_sm or data_sm, be it in short_message or message_payload."""
    octets = _octets(message)
    return parse_udh(octets) if message.esm_class & ESM_CLASS_UDHI else ((), octets)


def header_octets(message: ShortMessage) -> int:
    """Octets of the header in front of the content, its length octet included; 0 where there is none."""
    return len(_octets(message)) - len(user_data(message)[1])


def _octets(message: ShortMessage) -> bytes:
    return message.short_message or find_tlv(message.tlvs, Tag.MESSAGE_PAYLOAD) or b""
