"""What PDUs carry: texts, user data headers, receipts, times."""

from contextlib import suppress

import msgspec

from config.operators import MessageIdConfig, OperatorConfig
from config.receipts import ReceiptConfig
from config.texts import TextConfig
from core.inbound import InboundReader
from core.mobile_originated import join_parts, message_event, part_event
from fuzz.wire import as_frame
from messages.events import Timestamp
from messages.lanes import InboundPart, InboundReceipt
from smpp import gsm7
from smpp.composing import Composer, TextRules
from smpp.constants import ESM_CLASS_RECEIPT, ESM_CLASS_UDHI, CommandId
from smpp.errors import PduError, StreamError
from smpp.forms import Form, TooManyParts
from smpp.hot import ShortMessage, decode_data_sm, decode_short_message
from smpp.message_id import IdRule
from smpp.receipt_text import receipt_fields, receipt_time
from smpp.receipts import parse_receipt
from smpp.segments import LongMessages, Segment, SegmentJoiner, part_of, split_text, takes_shift
from smpp.shift_tables import Language, shifts_of
from smpp.smpp_time import BadTime, parse_time
from smpp.text import Encoding, UnencodableText, decode_text, encode_text
from smpp.udh import MAX_PARTS, build_udh, parse_udh, user_data

_LANGUAGES = tuple(Language)
_DEFAULT_ALPHABETS = (Encoding.GSM7, Encoding.LATIN1, Encoding.ASCII)
_FORMS = [
    *[Form(encoding) for encoding in Encoding if encoding is not Encoding.BINARY],
    *[Form(Encoding.GSM7, shift) for shift in shifts_of(_LANGUAGES)],
]
_MODES = list(LongMessages)
_READ_AS_A_BYTE_ORDER_MARK = ("\ufeff", "\ufffe")
_RECEIPT_KEYS = {"id", "sub", "dlvrd", "submit date", "done date", "stat", "err", "text"}
_READERS = [
    InboundReader(OperatorConfig(operator_id="alpha", endpoints=(), message_id=ids, receipts=receipts, text=texts))
    for ids, receipts, texts in (
        (MessageIdConfig(), ReceiptConfig(), TextConfig()),
        (MessageIdConfig(submit_resp=IdRule.HEX, receipt=IdRule.DEC), ReceiptConfig(by_text=True), TextConfig()),
        (MessageIdConfig(submit_resp=IdRule.DEC, receipt=IdRule.HEX), ReceiptConfig(), TextConfig(packed_gsm7=True)),
    )
]
_NOW = 1_700_000_000.0
_REFERENCE = 0x1234


def text(data: bytes) -> None:
    """What can be read can be written, if the form has it, and reads the same again; so do its parts together.

    The first octet chooses the form, the second how it is split.
    """
    form, mode = _FORMS[_octet(data, 0) % len(_FORMS)], _MODES[_octet(data, 1) % len(_MODES)]
    read = decode_text(data[2:], form.encoding, form.shift)
    with suppress(UnencodableText, TooManyParts):
        octets = encode_text(read, form.encoding, form.shift)
        assert decode_text(octets, form.encoding, form.shift) == read or read.startswith(_READ_AS_A_BYTE_ORDER_MARK)
        if takes_shift(mode, form.shift):
            assert _joined(split_text(read, form.encoding, mode, _REFERENCE, form.shift)) == octets


def composed_text(data: bytes) -> None:
    """A text is carried whole by the form that is chosen for it, or refused.

    The first two octets choose the rules, and how it is split.
    """
    choice = _octet(data, 0)
    alphabet, mode = _DEFAULT_ALPHABETS[_octet(data, 1) % 3], _MODES[_octet(data, 1) // 3 % len(_MODES)]
    languages = _LANGUAGES if choice & 1 else ()
    rules = TextRules(alphabet, bool(choice & 2), bool(choice & 4), languages, latin1=bool(choice & 8))
    typed = data[2:].decode("utf-8", "ignore")
    with suppress(UnencodableText, TooManyParts):
        composed = Composer(rules, mode).compose(typed, flash=bool(choice & 16))
        segments = composed.segments(_REFERENCE)
        if not (composed.transliterated or composed.form.packed):
            assert _joined(segments) == encode_text(typed, composed.form.encoding, composed.form.shift)


def _octet(data: bytes, place: int) -> int:
    return data[place] if len(data) > place else 0


def _joined(segments: list[Segment]) -> bytes | None:
    """The content behind the headers."""
    joiner, whole = SegmentJoiner(len(segments)), None
    for segment in segments:
        message = ShortMessage(esm_class=segment.esm_class_bits, short_message=segment.short_message)
        message.tlvs = segment.tlvs
        part = part_of(message)
        whole = joiner.add(part) if part else user_data(message)[1]
    return whole


def packed_septets(data: bytes) -> None:
    """Septets survive packing behind any number of fill bits, and any octets can be unpacked."""
    fill_bits, octets = _octet(data, 0) % 7, data[1:]
    gsm7.unpack(octets, fill_bits=fill_bits)
    septets = bytes(octet & 0x7F for octet in octets)
    packed = gsm7.pack(septets, fill_bits=fill_bits)
    assert gsm7.unpack(packed, count=len(septets), fill_bits=fill_bits) == septets


def udh(data: bytes) -> None:
    """A header has its elements and content behind it; a part has a possible number."""
    elements, content = parse_udh(data)
    assert data.endswith(content)
    assert parse_udh(build_udh(elements) + content) == (elements, content)
    part = part_of(ShortMessage(esm_class=ESM_CLASS_UDHI, short_message=data))
    assert part is None or 1 <= part.part <= part.parts <= MAX_PARTS


def receipt_text(data: bytes) -> None:
    """The text of a receipt gives known keys, or none."""
    fields = receipt_fields(data.decode("latin-1"))
    assert fields.keys() <= _RECEIPT_KEYS
    receipt_time(fields.get("done date", ""))
    parse_receipt(ShortMessage(esm_class=ESM_CLASS_RECEIPT, short_message=data))


def delivery(data: bytes) -> None:
    """A deliver_sm or data_sm is a receipt or a message, by whatever rules, with what can be stored and published."""
    frame = as_frame(data)
    decode = decode_data_sm if frame[4:8] == CommandId.DATA_SM.to_bytes(4, "big") else decode_short_message
    with suppress(PduError, StreamError):
        message = decode(frame)
        for reader in _READERS:
            _published(reader.read(message, 1, _NOW))


def _published(item: InboundReceipt | InboundPart) -> None:
    if isinstance(item, InboundPart):
        msgspec.json.encode(part_event(item))
        for message in join_parts([item], _NOW).whole:
            msgspec.json.encode(message_event(message))
        return
    msgspec.json.encode(item.receipt)
    if item.receipt.done_at:
        msgspec.convert(item.receipt.done_at, Timestamp)


def smpp_time(data: bytes) -> None:
    """A time, or the one error."""
    value = data.decode("latin-1")
    receipt_time(value)
    with suppress(BadTime):
        parse_time(value)
