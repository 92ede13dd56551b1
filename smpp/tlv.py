"""Optional parameters: tag, length, value (SMPP 3.4, 3.2.4 and 5.3).

Received tolerantly: a TLV is a tag and raw octets, known or not, and what is no whole TLV never costs
the mandatory part of a PDU. Values are interpreted only where somebody asks for one.
"""

from enum import Enum
from struct import Struct

from smpp.constants import Tag

Tlv = tuple[int, bytes]
TlvValue = int | str | bytes

_MAX_UINT16 = 0xFFFF
_tag_and_length = Struct(">HH")


class TlvKind(Enum):
    """How the octets of a value are to be read."""

    INTEGER = "integer"
    C_OCTET_STRING = "C-octet string"
    OCTET_STRING = "octet string"


_ONE = (TlvKind.INTEGER, 1, 1)
_TWO = (TlvKind.INTEGER, 2, 2)

TLV_FORMATS: dict[int, tuple[TlvKind, int, int]] = {
    Tag.DEST_ADDR_SUBUNIT: _ONE,
    Tag.DEST_NETWORK_TYPE: _ONE,
    Tag.DEST_BEARER_TYPE: _ONE,
    Tag.DEST_TELEMATICS_ID: _TWO,
    Tag.SOURCE_ADDR_SUBUNIT: _ONE,
    Tag.SOURCE_NETWORK_TYPE: _ONE,
    Tag.SOURCE_BEARER_TYPE: _ONE,
    Tag.SOURCE_TELEMATICS_ID: _ONE,
    Tag.QOS_TIME_TO_LIVE: (TlvKind.INTEGER, 4, 4),
    Tag.PAYLOAD_TYPE: _ONE,
    Tag.ADDITIONAL_STATUS_INFO_TEXT: (TlvKind.C_OCTET_STRING, 1, 256),
    Tag.RECEIPTED_MESSAGE_ID: (TlvKind.C_OCTET_STRING, 1, 65),
    Tag.MS_MSG_WAIT_FACILITIES: _ONE,
    Tag.PRIVACY_INDICATOR: _ONE,
    Tag.SOURCE_SUBADDRESS: (TlvKind.OCTET_STRING, 2, 23),
    Tag.DEST_SUBADDRESS: (TlvKind.OCTET_STRING, 2, 23),
    Tag.USER_MESSAGE_REFERENCE: _TWO,
    Tag.USER_RESPONSE_CODE: _ONE,
    Tag.SOURCE_PORT: _TWO,
    Tag.DESTINATION_PORT: _TWO,
    Tag.SAR_MSG_REF_NUM: _TWO,
    Tag.LANGUAGE_INDICATOR: _ONE,
    Tag.SAR_TOTAL_SEGMENTS: _ONE,
    Tag.SAR_SEGMENT_SEQNUM: _ONE,
    Tag.SC_INTERFACE_VERSION: _ONE,
    Tag.CALLBACK_NUM_PRES_IND: _ONE,
    Tag.CALLBACK_NUM_ATAG: (TlvKind.OCTET_STRING, 0, 65),
    Tag.NUMBER_OF_MESSAGES: _ONE,
    Tag.CALLBACK_NUM: (TlvKind.OCTET_STRING, 4, 19),
    Tag.DPF_RESULT: _ONE,
    Tag.SET_DPF: _ONE,
    Tag.MS_AVAILABILITY_STATUS: _ONE,
    Tag.NETWORK_ERROR_CODE: (TlvKind.OCTET_STRING, 3, 3),
    Tag.MESSAGE_PAYLOAD: (TlvKind.OCTET_STRING, 0, _MAX_UINT16),
    Tag.DELIVERY_FAILURE_REASON: _ONE,
    Tag.MORE_MESSAGES_TO_SEND: _ONE,
    Tag.MESSAGE_STATE: _ONE,
    Tag.USSD_SERVICE_OP: (TlvKind.OCTET_STRING, 1, 1),
    Tag.DISPLAY_TIME: _ONE,
    Tag.SMS_SIGNAL: _TWO,
    Tag.MS_VALIDITY: _ONE,
    Tag.ALERT_ON_MESSAGE_DELIVERY: (TlvKind.OCTET_STRING, 0, 0),
    Tag.ITS_REPLY_TYPE: _ONE,
    Tag.ITS_SESSION_INFO: (TlvKind.OCTET_STRING, 2, 2),
}
"""Kind and least and most octets of each value, a C-octet string's NUL included (5.3.2)."""


def tag_name(tag: int) -> str:
    """The specification's name of a tag; an unknown one as hex, e.g. "0x1403"."""
    return Tag(tag).name.lower() if tag in TLV_FORMATS else f"0x{tag:04x}"


def parse_tlvs(data: bytes) -> tuple[Tlv, ...]:
    """The whole TLVs in `data`, in order, known or not; never raises.

    A value that is cut off is left out rather than trusted: half a receipted_message_id would join
    the receipt to another message (pdu-033 of the vectors).
    """
    return split_tlvs(data)[0]


def split_tlvs(data: bytes) -> tuple[tuple[Tlv, ...], bytes]:
    """The whole TLVs in `data`, and the octets behind them that are none."""
    tlvs, rest = _whole_tlvs(data)
    if rest[:1] == b"\0":
        # A NUL that no length counts: behind short_message (praekelt/python-smpp #7), or behind a string in a TLV.
        behind_nul, rest_behind_nul = _whole_tlvs(rest[1:])
        if behind_nul and not rest_behind_nul:
            return tlvs + behind_nul, b""
    return tlvs, rest


def _whole_tlvs(data: bytes) -> tuple[tuple[Tlv, ...], bytes]:
    tlvs: list[Tlv] = []
    start = 0
    while start + 4 <= len(data):
        tag, length = _tag_and_length.unpack_from(data, start)
        end = start + 4 + length
        if end > len(data):
            break
        tlvs.append((tag, data[start + 4 : end]))
        start = end
    return tuple(tlvs), data[start:]


def encode_tlvs(tlvs: tuple[Tlv, ...]) -> bytes:
    """The octets of TLVs in order; ValueError for a tag or a length that does not fit 16 bits."""
    return b"".join([_encode_tlv(tag, value) for tag, value in tlvs])


def _encode_tlv(tag: int, value: bytes) -> bytes:
    if not 0 <= tag <= _MAX_UINT16:
        raise ValueError(f"TLV tag {tag} does not fit 16 bits")
    if len(value) > _MAX_UINT16:
        raise ValueError(f"TLV {tag_name(tag)}: {len(value)} octets, at most {_MAX_UINT16}")
    return _tag_and_length.pack(tag, len(value)) + value


def make_tlv(tag: Tag, value: TlvValue) -> Tlv:
    """A TLV of the specification from a typed value; ValueError where the value does not fit its format."""
    kind, least, most = TLV_FORMATS[tag]
    octets = _octets(value, most)
    if octets is None or _wrong_kind(kind, value) or not least <= len(octets) <= most:
        raise ValueError(f"TLV {tag_name(tag)}: not a {kind.value} of {least}..{most} octets")
    return tag, octets


def _octets(value: TlvValue, integer_bytes: int) -> bytes | None:
    try:
        if isinstance(value, int):
            return value.to_bytes(integer_bytes, "big")
        return value.encode("latin-1") + b"\0" if isinstance(value, str) else value
    except (OverflowError, UnicodeEncodeError):
        return None


def _wrong_kind(kind: TlvKind, value: TlvValue) -> bool:
    types = {TlvKind.INTEGER: int, TlvKind.C_OCTET_STRING: str, TlvKind.OCTET_STRING: bytes}
    return not isinstance(value, types[kind]) or (isinstance(value, str) and "\0" in value)


def tlv_value(tag: int, value: bytes) -> TlvValue:
    """The value as its tag says: an integer, a string without its NUL, or octets.

    An unknown tag, or octets that do not fit the tag's format, give the raw octets back.
    """
    kind, least, most = TLV_FORMATS.get(tag, (TlvKind.OCTET_STRING, 0, _MAX_UINT16))
    if kind is TlvKind.INTEGER and least <= len(value) <= most:
        return int.from_bytes(value, "big")
    if kind is TlvKind.C_OCTET_STRING:
        return value.partition(b"\0")[0].decode("latin-1")
    return value


def find_tlv(tlvs: tuple[Tlv, ...], tag: Tag) -> bytes | None:
    """The octets of the first TLV with this tag, None where there is none."""
    for candidate, value in tlvs:
        if candidate == tag:
            return value
    return None
