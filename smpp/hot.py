"""The four hot PDUs: submit_sm, deliver_sm and their responses (SMPP 3.4, 4.4 and 4.6), and data_sm received.

They are nearly all the traffic, so their fields are written out here instead of walked through a table:
1 to 3 us where smpplib needs 75. Byte for byte the same as smpplib and as `smpp.pdu`, by property test.
"""

from dataclasses import dataclass, field
from struct import Struct

from smpp.constants import MAX_PDU_BYTES, MAX_SHORT_MESSAGE_BYTES, MIN_PDU_BYTES, CommandId, CommandStatus
from smpp.errors import PduError
from smpp.framing import parse_header
from smpp.tlv import Tlv, encode_tlvs, parse_tlvs

_pack_header = Struct(">4I").pack

_ESME_ROK = int(CommandStatus.ESME_ROK)
_SUBMIT_SM_RESP = int(CommandId.SUBMIT_SM_RESP)
_DELIVER_SM_RESP = int(CommandId.DELIVER_SM_RESP)

_MAX_BODY_BYTES = MAX_PDU_BYTES - MIN_PDU_BYTES
_MAX_MESSAGE_ID_LENGTH = 64  # characters, without the NUL (5.2.23)

# %c takes one integer, so that all strings and integers become one str, encoded at once.
_MANDATORY = "%s\0%c%c%s\0%c%c%s\0%c%c%c%s\0%s\0%c%c%c%c%c"

_LENGTHS = {
    "service_type": range(6),
    "source_addr": range(21),
    "destination_addr": range(21),
    "schedule_delivery_time": (0, 16),
    "validity_period": (0, 16),
}
"""Lengths each C-octet string may have, in characters without its NUL (4.4.1)."""

_INTEGERS = (
    "source_addr_ton",
    "source_addr_npi",
    "dest_addr_ton",
    "dest_addr_npi",
    "esm_class",
    "protocol_id",
    "priority_flag",
    "registered_delivery",
    "replace_if_present_flag",
    "data_coding",
    "sm_default_msg_id",
)


@dataclass(slots=True)
class ShortMessage:
    """The body that submit_sm and deliver_sm share (4.4.1, 4.6.1); `repr` hides addresses and content."""

    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = field(default="", repr=False)
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = field(default="", repr=False)
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = field(default=b"", repr=False)
    tlvs: tuple[Tlv, ...] = field(default=(), repr=False)


def header(command_id: int, command_status: int, sequence_number: int, body_bytes: int) -> bytes:
    """The header of a PDU whose body has `body_bytes` octets."""
    return _pack_header(MIN_PDU_BYTES + body_bytes, command_id, command_status, sequence_number)


def pdu(command_id: int, command_status: int, sequence_number: int, body: bytes = b"") -> bytes:
    """A whole PDU."""
    return _pack_header(MIN_PDU_BYTES + len(body), command_id, command_status, sequence_number) + body


def encode_short_message(m: ShortMessage) -> bytes:
    """The body of a submit_sm or deliver_sm, without header.

    Raises ValueError, naming the field and never its value, for what the specification does not allow.
    """
    service_type, source_addr, destination_addr = m.service_type, m.source_addr, m.destination_addr
    schedule, validity, short_message = m.schedule_delivery_time, m.validity_period, m.short_message
    if (  # _LENGTHS once more, written out: a loop over it would double the time
        len(service_type) > 5
        or len(source_addr) > 20
        or len(destination_addr) > 20
        or len(schedule) not in (0, 16)
        or len(validity) not in (0, 16)
        or len(short_message) > MAX_SHORT_MESSAGE_BYTES
        or "\0" in f"{service_type}{source_addr}{destination_addr}{schedule}{validity}"
    ):
        raise ValueError(_what_is_wrong(m))
    try:
        mandatory = _MANDATORY % (
            service_type,
            m.source_addr_ton,
            m.source_addr_npi,
            source_addr,
            m.dest_addr_ton,
            m.dest_addr_npi,
            destination_addr,
            m.esm_class,
            m.protocol_id,
            m.priority_flag,
            schedule,
            validity,
            m.registered_delivery,
            m.replace_if_present_flag,
            m.data_coding,
            m.sm_default_msg_id,
            len(short_message),
        )
        body = mandatory.encode("latin-1") + short_message
    except (OverflowError, UnicodeEncodeError):
        raise ValueError(_what_is_wrong(m)) from None
    return _with_tlvs(body, m.tlvs) if m.tlvs else body


def _with_tlvs(body: bytes, tlvs: tuple[Tlv, ...]) -> bytes:
    whole = body + encode_tlvs(tlvs)
    if len(whole) > _MAX_BODY_BYTES:
        raise ValueError(f"tlvs: the PDU would have more than {MAX_PDU_BYTES} octets")
    return whole


def _what_is_wrong(m: ShortMessage) -> str:
    for name, lengths in _LENGTHS.items():
        text: str = getattr(m, name)
        if len(text) not in lengths:
            return f"{name}: {len(text)} characters are not allowed"
        if not _is_c_octet_string(text):
            return f"{name}: a character that no C-octet string can hold"
    for name in _INTEGERS:
        if not 0 <= getattr(m, name) <= 0xFF:
            return f"{name}: does not fit one octet"
    return f"short_message: {len(m.short_message)} octets, at most {MAX_SHORT_MESSAGE_BYTES} allowed"


def _is_c_octet_string(text: str) -> bool:
    return "\0" not in text and (text.isascii() or max(text) <= "\xff")


def decode_short_message(frame: bytes) -> ShortMessage:
    """The body of a whole submit_sm or deliver_sm; PduError where it cannot be read.

    Accepted from a peer: strings longer than the specification allows, any octet in them, any TLVs.
    """
    try:
        text = frame.decode("latin-1")  # one character an octet, so that one decoding serves every string
        source = text.index("\0", MIN_PDU_BYTES) + 1
        dest = text.index("\0", source + 2) + 1
        esm_class = text.index("\0", dest + 2) + 1
        validity = text.index("\0", esm_class + 3) + 1
        registered = text.index("\0", validity) + 1
        content = registered + 5
        end = content + frame[content - 1]
    except (ValueError, IndexError):
        raise _refused(frame, CommandStatus.ESME_RINVCMDLEN, "the mandatory fields are cut off") from None
    if end > len(frame):
        raise _refused(frame, CommandStatus.ESME_RINVMSGLEN, "sm_length is more than there is")
    return ShortMessage(
        text[MIN_PDU_BYTES : source - 1],
        frame[source],
        frame[source + 1],
        text[source + 2 : dest - 1],
        frame[dest],
        frame[dest + 1],
        text[dest + 2 : esm_class - 1],
        frame[esm_class],
        frame[esm_class + 1],
        frame[esm_class + 2],
        text[esm_class + 3 : validity - 1],
        text[validity : registered - 1],
        frame[registered],
        frame[registered + 1],
        frame[registered + 2],
        frame[registered + 3],
        frame[content:end],
        parse_tlvs(frame[end:]) if end < len(frame) else (),
    )


def decode_data_sm(frame: bytes) -> ShortMessage:
    """The body of a whole data_sm, content in its message_payload TLV (4.7.1); PduError where it cannot be read."""
    try:
        text = frame.decode("latin-1")
        source = text.index("\0", MIN_PDU_BYTES) + 1
        dest = text.index("\0", source + 2) + 1
        esm_class = text.index("\0", dest + 2) + 1
        return ShortMessage(
            service_type=text[MIN_PDU_BYTES : source - 1],
            source_addr_ton=frame[source],
            source_addr_npi=frame[source + 1],
            source_addr=text[source + 2 : dest - 1],
            dest_addr_ton=frame[dest],
            dest_addr_npi=frame[dest + 1],
            destination_addr=text[dest + 2 : esm_class - 1],
            esm_class=frame[esm_class],
            registered_delivery=frame[esm_class + 1],
            data_coding=frame[esm_class + 2],
            tlvs=parse_tlvs(frame[esm_class + 3 :]),
        )
    except (ValueError, IndexError):
        raise _refused(frame, CommandStatus.ESME_RINVCMDLEN, "the mandatory fields are cut off") from None


def encode_submit_sm_resp(sequence_number: int, command_status: int, message_id: str) -> bytes:
    """A whole submit_sm_resp; an error is answered without a body (4.4.2)."""
    if command_status != _ESME_ROK:
        return pdu(_SUBMIT_SM_RESP, command_status, sequence_number)
    if len(message_id) > _MAX_MESSAGE_ID_LENGTH or not _is_c_octet_string(message_id):
        raise ValueError(f"message_id: not a C-octet string of at most {_MAX_MESSAGE_ID_LENGTH} characters")
    return pdu(_SUBMIT_SM_RESP, _ESME_ROK, sequence_number, message_id.encode("latin-1") + b"\0")


def decode_submit_sm_resp(frame: bytes) -> str:
    """The message_id of a whole submit_sm_resp, of any length; "" where there is none.

    One without its NUL ends with the PDU: it is what the receipts will name. A refusal has no id, whatever its body.
    """
    end = frame.find(b"\0", MIN_PDU_BYTES)
    if end < 0 and parse_header(frame).command_status != _ESME_ROK:
        return ""
    return frame[MIN_PDU_BYTES : end if end >= 0 else len(frame)].decode("latin-1")


def encode_deliver_sm_resp(sequence_number: int, command_status: int) -> bytes:
    """A whole deliver_sm_resp, its unused message_id empty (4.6.2)."""
    return pdu(_DELIVER_SM_RESP, command_status, sequence_number, b"\0")


def _refused(frame: bytes, command_status: CommandStatus, reason: str) -> PduError:
    head = parse_header(frame)
    return PduError(head.command_id, command_status, head.sequence_number, reason)
