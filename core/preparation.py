"""A dispatch becomes the submit_sm bodies that carry it, by the operator's rules."""

import re

import msgspec
from msgspec import Struct

from config.operators import OperatorConfig, SourceConfig
from messages.dispatch import MAX_METADATA_BYTES, Dispatch, RequestedEncoding
from smpp.constants import Npi, Tag, Ton
from smpp.hot import ShortMessage, encode_short_message
from smpp.segments import Segment, TooManyParts, split_data, split_text
from smpp.smpp_time import format_relative
from smpp.text import Encoding, UnencodableText, choose_encoding, data_coding
from smpp.tlv import tag_name

REGISTERED_DELIVERY_FINAL = 1  # a receipt for success and failure (SMPP 3.4, 5.2.17)
SHORT_CODE_DIGITS = 6  # at most; longer numbers are international
OWN_TAGS = frozenset({Tag.MESSAGE_PAYLOAD, Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM})

_decode = msgspec.json.Decoder(Dispatch).decode
_encode = msgspec.json.Encoder().encode
_number = re.compile(r"\+?[0-9]+")
_tag = re.compile(r"(0[xX])?[0-9a-fA-F]{1,4}")

_WANTED = {
    RequestedEncoding.AUTO: None,
    RequestedEncoding.GSM7: Encoding.GSM7,
    RequestedEncoding.UCS2: Encoding.UCS2,
    RequestedEncoding.LATIN1: Encoding.LATIN1,
    RequestedEncoding.BINARY: Encoding.BINARY,
}


class Unprocessable(Exception):
    """A dispatch that no attempt can send; the reason names fields and numbers, never content."""


class Prepared(Struct, frozen=True):
    """A dispatch with the body of each submit_sm it takes. Its repr shows no content."""

    dispatch: Dispatch
    bodies: list[bytes]

    def __repr__(self) -> str:
        return f"Prepared({self.dispatch!r}, segments={len(self.bodies)})"


def read_dispatch(payload: bytes, operator_id: str) -> Dispatch:
    """Validated dispatch; raises Unprocessable."""
    try:
        dispatch = _decode(payload)
    except msgspec.ValidationError as error:
        raise Unprocessable(_without_value(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unprocessable("not a JSON object") from None
    if dispatch.operator_id != operator_id:
        raise Unprocessable("operator_id is not the one of the subject")
    if dispatch.metadata and len(_encode(dispatch.metadata)) > MAX_METADATA_BYTES:
        raise Unprocessable(f"metadata has more than {MAX_METADATA_BYTES} bytes")
    return dispatch


class Preparer:
    """Applies one operator's rules."""

    def __init__(self, operator: OperatorConfig) -> None:
        self._alphabet = Encoding(operator.default_alphabet.value)
        self._long_messages = operator.long_messages
        self._source = operator.source
        self._destination = operator.destination

    def prepare(self, dispatch: Dispatch, reference: int) -> Prepared:
        """Bodies in the order of the segments; raises Unprocessable.

        reference: 0..65535, joins the parts of a long message.
        """
        try:
            encoding, segments = self._segments(dispatch, reference)
            message = self._message(dispatch, encoding)
            return Prepared(dispatch, [self._body(message, segment) for segment in segments])
        except (UnencodableText, TooManyParts) as error:
            raise Unprocessable(str(error)) from None

    def _segments(self, dispatch: Dispatch, reference: int) -> tuple[Encoding, list[Segment]]:
        if dispatch.encoding is RequestedEncoding.BINARY:
            return Encoding.BINARY, split_data(_data(dispatch), self._long_messages, reference)
        text = _text(dispatch)
        encoding = choose_encoding(text, self._alphabet, _WANTED[dispatch.encoding], flash=dispatch.flash)
        return encoding, split_text(text, encoding, self._long_messages, reference)

    def _message(self, dispatch: Dispatch, encoding: Encoding) -> ShortMessage:
        ton, npi = source_type(dispatch.source, self._source)
        return ShortMessage(
            source_addr_ton=ton,
            source_addr_npi=npi,
            source_addr=dispatch.source if ton == Ton.ALPHANUMERIC else _without_plus(dispatch.source),
            dest_addr_ton=self._destination.ton,
            dest_addr_npi=self._destination.npi,
            destination_addr=_without_plus(dispatch.to),
            protocol_id=dispatch.protocol_id,
            priority_flag=dispatch.priority,
            validity_period=format_relative(dispatch.validity_s) if dispatch.validity_s else "",
            registered_delivery=REGISTERED_DELIVERY_FINAL if dispatch.request_dlr else 0,
            data_coding=data_coding(encoding, self._alphabet, flash=dispatch.flash),
            tlvs=_vendor_tlvs(dispatch.tlvs),
        )

    def _body(self, message: ShortMessage, segment: Segment) -> bytes:
        message.short_message = segment.short_message
        message.esm_class = segment.esm_class_bits
        own_tlvs = message.tlvs
        message.tlvs = (*own_tlvs, *segment.tlvs)
        try:
            return encode_short_message(message)
        except ValueError as error:
            raise Unprocessable(str(error)) from None
        finally:
            message.tlvs = own_tlvs


def source_type(address: str, rule: SourceConfig) -> tuple[int, int]:
    """TON and NPI of a source address: alphanumeric 5/0, short code 3/0, else 1/1; or as the operator wants it."""
    if not _number.fullmatch(address):
        ton, npi = Ton.ALPHANUMERIC, Npi.UNKNOWN
    elif len(address) <= SHORT_CODE_DIGITS and not address.startswith("+"):
        ton, npi = Ton.NETWORK_SPECIFIC, Npi.UNKNOWN
    else:
        ton, npi = Ton.INTERNATIONAL, Npi.ISDN
    return (ton if rule.ton is None else rule.ton), (npi if rule.npi is None else rule.npi)


def _without_plus(address: str) -> str:
    return address.removeprefix("+") if _number.fullmatch(address) else address


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


def _without_value(problem: str) -> str:
    """What msgspec says, less the value that it quotes where one is not of an enumeration."""
    if not problem.startswith("Invalid enum value"):
        return problem
    return f"Invalid value{problem[problem.rindex(' - at ') :]}"
