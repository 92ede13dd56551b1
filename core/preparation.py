"""A dispatch becomes the submit_sm bodies that carry it, by the operator's rules."""

import re
from datetime import UTC, datetime

from config.operators import OperatorConfig
from config.texts import ValidityPeriod
from core.addresses import Addresses
from core.layout import Layout, write_layout
from core.reading import Unprocessable
from messages.dispatch import Dispatch, RequestedEncoding
from smpp.addresses import UnusableAddress
from smpp.composing import Composed, Composer, TextRules
from smpp.constants import Tag
from smpp.forms import Form, TooManyParts
from smpp.hot import ShortMessage, encode_short_message
from smpp.segments import Segment
from smpp.smpp_time import format_absolute, format_relative
from smpp.text import Encoding, UnencodableText, data_coding
from smpp.tlv import tag_name

REGISTERED_DELIVERY_FINAL = 1  # a receipt for success and failure (SMPP 3.4, 5.2.17)
REPLACE_TYPES = range(0x41, 0x48)  # protocol_id: takes the place of an earlier message (23.040, 9.2.3.9)
OWN_TAGS = frozenset({Tag.MESSAGE_PAYLOAD, Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM})

_tag = re.compile(r"(0[xX])?[0-9a-fA-F]{1,4}")

_WANTED = {
    RequestedEncoding.AUTO: None,
    RequestedEncoding.GSM7: Encoding.GSM7,
    RequestedEncoding.UCS2: Encoding.UCS2,
    RequestedEncoding.LATIN1: Encoding.LATIN1,
    RequestedEncoding.BINARY: Encoding.BINARY,
}


class Prepared:
    """A dispatch cut into the segments it takes, before they have their reference. Its repr shows no content."""

    __slots__ = ("_composed", "_message", "dispatch", "segments", "transliterated")

    def __init__(self, dispatch: Dispatch, message: ShortMessage, composed: Composed) -> None:
        self.dispatch = dispatch
        self.segments = composed.segment_count
        self.transliterated = composed.transliterated
        self._message = message
        self._composed = composed

    @property
    def needs_reference(self) -> bool:
        """Whether several submit_sm have to say that they belong together."""
        return self.segments > 1

    def layout(self, reference: int) -> str:
        """For a redelivery; empty where there is one segment."""
        if self.segments == 1:
            return ""
        mode, form, data_coding = self._composed.mode, self._composed.form, self._message.data_coding
        return write_layout(
            Layout(mode, reference, form.encoding, data_coding, form.shift, form.packed, self.transliterated)
        )

    def bodies(self, reference: int = 0) -> list[bytes]:
        """The body of each submit_sm, in the order of the segments; raises Unprocessable. reference: 0..65535."""
        try:
            return [self._body(segment) for segment in self._composed.segments(reference)]
        except ValueError as error:
            raise Unprocessable(str(error)) from None

    def _body(self, segment: Segment) -> bytes:
        message = self._message
        message.short_message = segment.short_message
        message.esm_class = segment.esm_class_bits
        own_tlvs = message.tlvs
        message.tlvs = (*own_tlvs, *segment.tlvs)
        try:
            return encode_short_message(message)
        finally:
            message.tlvs = own_tlvs

    def __repr__(self) -> str:
        return f"Prepared({self.dispatch!r}, segments={self.segments})"


class Preparer:
    """Applies one operator's rules."""

    def __init__(self, operator: OperatorConfig) -> None:
        self._alphabet = Encoding(operator.default_alphabet.value)
        self._rules = TextRules(
            default_alphabet=self._alphabet,
            packed=operator.text.packed_gsm7,
            transliterate=operator.text.transliterate,
            languages=operator.text.shift_tables,
            latin1=operator.text.latin1,
        )
        self._composer = Composer(self._rules, operator.long_messages)
        self._addresses = Addresses(operator)
        self._validity_period = operator.validity_period

    def prepare(self, dispatch: Dispatch, at: float, layout: Layout | None = None) -> Prepared:
        """Raises Unprocessable. at: seconds since the epoch, from which an absolute validity_period counts.

        layout: how it was laid out before, whatever the rules are now.
        """
        try:
            composed = self._compose(dispatch) if layout is None else self._compose_as(dispatch, layout)
            message = self._message(dispatch, composed, at)
            message.data_coding = layout.data_coding if layout else self._data_coding(dispatch, composed)
            return Prepared(dispatch, message, composed)
        except (UnencodableText, TooManyParts) as error:
            raise Unprocessable(str(error)) from None
        except UnusableAddress as error:
            raise Unprocessable(f"from: {error}") from None

    def _compose_as(self, dispatch: Dispatch, layout: Layout) -> Composed:
        composer = Composer(self._rules, layout.mode)
        if layout.encoding is Encoding.BINARY:
            return composer.compose_data(_data(dispatch))
        form = Form(layout.encoding, layout.shift, layout.packed)
        return composer.compose_as(_text(dispatch), form, transliterated=layout.transliterated)

    def _compose(self, dispatch: Dispatch) -> Composed:
        if dispatch.encoding is RequestedEncoding.BINARY:
            return self._composer.compose_data(_data(dispatch))
        return self._composer.compose(_text(dispatch), _WANTED[dispatch.encoding], flash=dispatch.flash)

    def _message(self, dispatch: Dispatch, composed: Composed, at: float) -> ShortMessage:
        if len(composed.contents) > 1 and dispatch.protocol_id in REPLACE_TYPES:
            raise Unprocessable(f"protocol_id {dispatch.protocol_id}: each part would replace the one before")
        source_addr_ton, source_addr_npi, source_addr = self._addresses.source(dispatch.source)
        dest_addr_ton, dest_addr_npi, destination_addr = self._addresses.destination(dispatch.to)
        return ShortMessage(
            source_addr_ton=source_addr_ton,
            source_addr_npi=source_addr_npi,
            source_addr=source_addr,
            dest_addr_ton=dest_addr_ton,
            dest_addr_npi=dest_addr_npi,
            destination_addr=destination_addr,
            protocol_id=dispatch.protocol_id,
            priority_flag=dispatch.priority,
            validity_period=self._validity(dispatch.validity_s, at) if dispatch.validity_s else "",
            registered_delivery=REGISTERED_DELIVERY_FINAL if dispatch.request_dlr else 0,
            tlvs=_vendor_tlvs(dispatch.tlvs) if dispatch.tlvs else (),
        )

    def _data_coding(self, dispatch: Dispatch, composed: Composed) -> int:
        return data_coding(composed.form.encoding, self._alphabet, flash=dispatch.flash)

    def _validity(self, validity_s: int, at: float) -> str:
        if self._validity_period is ValidityPeriod.RELATIVE:
            return format_relative(validity_s)
        return format_absolute(datetime.fromtimestamp(at + validity_s, UTC))


def _text(dispatch: Dispatch) -> str:
    """An empty text is an SMS without text, which exists; a missing one is a mistake, which would cost an SMS."""
    if dispatch.data:
        raise Unprocessable("data needs encoding binary")
    if dispatch.text is None:
        raise Unprocessable("text is missing")
    return dispatch.text


def _data(dispatch: Dispatch) -> bytes:
    if dispatch.text:
        raise Unprocessable("encoding binary takes data and no text")
    if dispatch.data is None:
        raise Unprocessable("encoding binary needs data")
    return dispatch.data


def _vendor_tlvs(tlvs: dict[str, str]) -> tuple[tuple[int, bytes], ...]:
    return tuple(_vendor_tlv(tag, value) for tag, value in tlvs.items())


def _vendor_tlv(tag: str, value: str) -> tuple[int, bytes]:
    if not _tag.fullmatch(tag):
        raise Unprocessable("tlvs: a tag is no hexadecimal number of 16 bits")
    number = int(tag, 16)
    if number in OWN_TAGS:
        raise Unprocessable(f"tlvs: {tag_name(number)} is ours to set")
    try:
        return number, bytes.fromhex(value)
    except ValueError:
        raise Unprocessable(f"tlvs: the value of {tag_name(number)} is not hexadecimal") from None
