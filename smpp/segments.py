"""Long messages: a text into the submit_sm it takes, and the parts of an MO message back into one.

An SMS has 140 octets (3GPP TS 23.040, 9.2.3.24): 160 septets, 70 UCS-2 code units or 140 octets. A part of a
concatenated message loses those of its user data header: 6 with an 8-bit reference, 7 with a 16-bit one.
"""

import re
from dataclasses import dataclass, field
from enum import Enum

from smpp.constants import ESM_CLASS_UDHI, Tag
from smpp.cuts import cut_octets, cut_septets, cut_ucs2
from smpp.hot import ShortMessage
from smpp.text import Encoding, encode_text
from smpp.tlv import Tlv, find_tlv
from smpp.udh import MAX_PARTS, Concatenation, concat8, concat16, concatenation, make_concatenation, user_data

_SMS_OCTETS = 140


class LongMessages(Enum):
    """How an operator takes messages longer than one SMS; values are the names in its settings."""

    UDH8 = "udh8"
    UDH16 = "udh16"
    SAR = "sar"
    PAYLOAD = "payload"


# With SAR and message_payload the SMSC makes the headers; nearly all make them with an 8-bit reference.
_PART_OCTETS = {LongMessages.UDH8: 134, LongMessages.UDH16: 133, LongMessages.SAR: 134, LongMessages.PAYLOAD: 134}

_SEPTET_ENCODINGS = (Encoding.GSM7, Encoding.ASCII)

# An SMSC turns ASCII into septets; these take two of them, so a part counts them double.
_WIDE_ASCII = re.compile(rb"(?=[\f\[\\\]^{|}~])")
_WIDENING = re.compile(rb"\x1b(?=[\f\[\\\]^{|}~])")


class TooManyParts(ValueError):
    """A message needs more than 255 parts; `parts` is how many at least."""

    def __init__(self, parts: int) -> None:
        super().__init__(f"{parts} parts, at most {MAX_PARTS} are possible")
        self.parts = parts


@dataclass(slots=True)
class Segment:
    """What one submit_sm carries of a message; `repr` hides the content.

    short_message: header and content; esm_class_bits: to be set in esm_class; tlvs: to be added;
    part: 1..parts.
    """

    short_message: bytes = field(repr=False)
    esm_class_bits: int = 0
    tlvs: tuple[Tlv, ...] = field(default=(), repr=False)
    part: int = 1
    parts: int = 1


@dataclass(slots=True, frozen=True)
class Part:
    """One received part of a long message, its header taken off; `repr` hides the content.

    Parts belong together that have the sender, the receiver, `reference` and `parts` in common.
    """

    reference: int
    part: int
    parts: int
    content: bytes = field(repr=False)


def split_text(text: str, encoding: Encoding, mode: LongMessages, reference: int) -> list[Segment]:
    """The segments of a text, one where it fits an SMS; each can be decoded alone.

    reference: says which parts belong together; of it UDH8 uses the lower 8 bits, UDH16 and SAR 16.
    Raises UnencodableText and TooManyParts.
    """
    content = encode_text(text, encoding)
    units = _WIDE_ASCII.sub(b"\x1b", content) if encoding is Encoding.ASCII else content
    if len(units) <= _capacity(encoding, _SMS_OCTETS):
        return [Segment(content)]
    parts = _cut(units, encoding, _capacity(encoding, _PART_OCTETS[mode]))
    if encoding is Encoding.ASCII:
        parts = [_WIDENING.sub(b"", part) for part in parts]
    return [_payload(content)] if mode is LongMessages.PAYLOAD else _numbered(parts, mode, reference)


def split_data(data: bytes, mode: LongMessages, reference: int) -> list[Segment]:
    """The segments of binary content, as `split_text` does it; raises TooManyParts."""
    if len(data) <= _SMS_OCTETS:
        return [Segment(data)]
    parts = _cut(data, Encoding.BINARY, _PART_OCTETS[mode])
    return [_payload(data)] if mode is LongMessages.PAYLOAD else _numbered(parts, mode, reference)


def part_of(message: ShortMessage) -> Part | None:
    """The part that a deliver_sm or data_sm is, by its user data header or else its sar TLVs; None for a whole message.

    Impossible numbers (part 0, part 3 of 2) are read as a whole message, as 23.040 asks.
    """
    elements, content = user_data(message)
    label = concatenation(elements) or _sar_label(message.tlvs)
    return Part(label.reference, label.part, label.parts, content) if label else None


class SegmentJoiner:
    """Puts the parts of one long message together, in whatever order they come."""

    def __init__(self, parts: int) -> None:
        self._parts = parts
        self._contents: dict[int, bytes] = {}

    def add(self, part: Part) -> bytes | None:
        """The whole content once no part is missing, else None; of a part that comes twice the first counts.

        Decode the whole, not the parts: there are senders that cut inside characters. A part of a message with
        another number of parts is not taken.
        """
        if part.parts == self._parts:
            self._contents.setdefault(part.part, part.content)
        if len(self._contents) < self._parts:
            return None
        return b"".join([content for _, content in sorted(self._contents.items())])


def _capacity(encoding: Encoding, octets: int) -> int:
    return octets * 8 // 7 if encoding in _SEPTET_ENCODINGS else octets


def _cut(units: bytes, encoding: Encoding, limit: int) -> list[bytes]:
    if len(units) > MAX_PARTS * limit:
        raise TooManyParts(-(-len(units) // limit))
    if encoding is Encoding.UCS2:
        parts = cut_ucs2(units, limit)
    else:
        parts = cut_septets(units, limit) if encoding in _SEPTET_ENCODINGS else cut_octets(units, limit)
    if len(parts) > MAX_PARTS:
        raise TooManyParts(len(parts))
    return parts


def _payload(content: bytes) -> Segment:
    return Segment(b"", tlvs=((Tag.MESSAGE_PAYLOAD, content),))


def _numbered(contents: list[bytes], mode: LongMessages, reference: int) -> list[Segment]:
    parts = len(contents)
    if mode is LongMessages.SAR:
        return [
            Segment(content, 0, _sar_tlvs(reference & 0xFFFF, parts, part), part, parts)
            for part, content in enumerate(contents, 1)
        ]
    header, mask = (concat8, 0xFF) if mode is LongMessages.UDH8 else (concat16, 0xFFFF)
    return [
        Segment(header(reference & mask, parts, part) + content, ESM_CLASS_UDHI, (), part, parts)
        for part, content in enumerate(contents, 1)
    ]


def _sar_tlvs(reference: int, parts: int, part: int) -> tuple[Tlv, ...]:
    return (
        (Tag.SAR_MSG_REF_NUM, reference.to_bytes(2, "big")),
        (Tag.SAR_TOTAL_SEGMENTS, bytes((parts,))),
        (Tag.SAR_SEGMENT_SEQNUM, bytes((part,))),
    )


def _sar_label(tlvs: tuple[Tlv, ...]) -> Concatenation | None:
    reference = find_tlv(tlvs, Tag.SAR_MSG_REF_NUM)
    parts = find_tlv(tlvs, Tag.SAR_TOTAL_SEGMENTS)
    part = find_tlv(tlvs, Tag.SAR_SEGMENT_SEQNUM)
    if reference is None or parts is None or part is None:
        return None
    return make_concatenation(*[int.from_bytes(value, "big") for value in (reference, parts, part)])
