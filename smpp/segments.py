"""Long messages: a text into the submit_sm it takes, and the parts of an MO message back into one.

A part of a concatenated message loses 6 octets to its user data header with an 8-bit reference, 7 with a 16-bit one,
and 3 for each national table (3GPP TS 23.040, 9.2.3.24).
"""

from dataclasses import dataclass, field
from enum import Enum

from smpp import gsm7
from smpp.constants import ESM_CLASS_UDHI, Tag
from smpp.forms import BINARY, SMS_OCTETS, Form, cut_content, cut_text
from smpp.hot import ShortMessage
from smpp.shift_tables import NO_SHIFT, Shift, shift_elements, shift_of
from smpp.text import Encoding, encoding_of
from smpp.tlv import Tlv, find_tlv
from smpp.udh import (
    Concatenation,
    concat8,
    concat16,
    concatenation,
    header_octets,
    make_concatenation,
    user_data,
    with_elements,
)


class LongMessages(Enum):
    """How an operator takes messages longer than one SMS; values are the names in its settings."""

    UDH8 = "udh8"
    UDH16 = "udh16"
    SAR = "sar"
    PAYLOAD = "payload"


# With SAR and message_payload the SMSC makes the headers; nearly all make them with an 8-bit reference.
CONCATENATION_OCTETS = {LongMessages.UDH8: 6, LongMessages.UDH16: 7, LongMessages.SAR: 6, LongMessages.PAYLOAD: 6}
"""What each part of a long message loses to the header that joins them."""

_SEVEN_BITS = (Encoding.GSM7, Encoding.ASCII)

_WITH_HEADER = (LongMessages.UDH8, LongMessages.UDH16)


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


def split_text(
    text: str, encoding: Encoding, mode: LongMessages, reference: int, shift: Shift = NO_SHIFT, *, packed: bool = False
) -> list[Segment]:
    """The segments of a text, one where it fits an SMS; each can be decoded alone.

    reference: says which parts belong together; of it UDH8 uses the lower 8 bits, UDH16 and SAR 16.
    shift, packed: of GSM7. Raises UnencodableText, TooManyParts, and ValueError for a shift in several parts that is
    not in UDH8 or UDH16.
    """
    form = Form(encoding, shift, packed)
    return segments_of(cut_text(text, form, CONCATENATION_OCTETS[mode]), form, mode, reference)


def split_data(data: bytes, mode: LongMessages, reference: int) -> list[Segment]:
    """The segments of binary content, as `split_text` does it; raises TooManyParts."""
    return segments_of(cut_content(data, BINARY, CONCATENATION_OCTETS[mode]), BINARY, mode, reference)


def segments_of(contents: list[bytes], form: Form, mode: LongMessages, reference: int) -> list[Segment]:
    """The segments of content that has been cut for `form` and `mode` (`smpp.forms`)."""
    if len(contents) == 1:
        return [_segment(with_elements(b"", shift_elements(form.shift)), contents[0], form)]
    if mode in _WITH_HEADER:
        return _with_headers(contents, form, mode, reference)
    if not takes_shift(mode, form.shift):
        raise ValueError(f"{mode.value} leaves the headers to the SMSC, which knows of no national tables")
    return [_payload(contents, form)] if mode is LongMessages.PAYLOAD else _with_tlvs(contents, form, reference)


def takes_shift(mode: LongMessages, shift: Shift) -> bool:
    """Whether each of several parts can have the header that names the national tables."""
    return mode in _WITH_HEADER or shift == NO_SHIFT


def part_of(message: ShortMessage) -> Part | None:
    """The part that a deliver_sm or data_sm is, by its user data header or else its sar TLVs; None for a whole message.

    Impossible numbers (part 0, part 3 of 2) are read as a whole message, as 23.040 asks.
    """
    elements, content = user_data(message)
    label = concatenation(elements) or _sar_label(message.tlvs)
    return Part(label.reference, label.part, label.parts, content) if label else None


def received_content(
    message: ShortMessage, default_alphabet: Encoding = Encoding.GSM7, *, packed: bool = False
) -> tuple[bytes, Form]:
    """What stands behind the header of a deliver_sm or data_sm, septets one to an octet, and how to decode it.

    default_alphabet: what data_coding 0 means at this SMSC. packed: whether it packs septets.
    Octets that no alphabet of 7 bits has are read as LATIN1, so that none is lost, whatever data_coding says.
    """
    elements, content = user_data(message)
    encoding = encoding_of(message.data_coding, default_alphabet)
    if packed and encoding is Encoding.GSM7:
        content = gsm7.unpack(content, fill_bits=gsm7.fill_bits_behind(header_octets(message)))
    if encoding in _SEVEN_BITS and not content.isascii():
        encoding = Encoding.LATIN1
    return content, Form(encoding, shift_of(elements), packed)


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


def _segment(header: bytes, content: bytes, form: Form, part: int = 1, parts: int = 1) -> Segment:
    octets = _packed(content, len(header)) if form.packed else content
    return Segment(header + octets, ESM_CLASS_UDHI if header else 0, (), part, parts)


def _with_headers(contents: list[bytes], form: Form, mode: LongMessages, reference: int) -> list[Segment]:
    make, mask = (concat8, 0xFF) if mode is LongMessages.UDH8 else (concat16, 0xFFFF)
    elements, parts = shift_elements(form.shift), len(contents)
    return [
        _segment(with_elements(make(reference & mask, parts, part), elements), content, form, part, parts)
        for part, content in enumerate(contents, 1)
    ]


def _with_tlvs(contents: list[bytes], form: Form, reference: int) -> list[Segment]:
    parts = len(contents)
    segments = [_segment(b"", content, form, part, parts) for part, content in enumerate(contents, 1)]
    for segment in segments:
        segment.tlvs = _sar_tlvs(reference & 0xFFFF, parts, segment.part)
    return segments


def _payload(contents: list[bytes], form: Form) -> Segment:
    content = b"".join(contents)
    payload = gsm7.pack(content, cr_padding=True) if form.packed else content
    return Segment(b"", tlvs=((Tag.MESSAGE_PAYLOAD, payload),))


def _packed(septets: bytes, header_octets: int) -> bytes:
    """Padded with CR, because SMPP counts octets and a receiver would take seven spare bits for an "@"."""
    fill_bits = gsm7.fill_bits_behind(header_octets)
    packed = gsm7.pack(septets, fill_bits=fill_bits, cr_padding=True)
    if header_octets + len(packed) > SMS_OCTETS:
        return gsm7.pack(septets, fill_bits=fill_bits)
    return packed


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
