"""Every PDU of SMPP 3.4, read and written by the table in `smpp.bodies`.

For whatever is not hot; submit_sm, deliver_sm and their responses have a faster codec in `smpp.hot`.
"""

from dataclasses import dataclass, field
from struct import error as StructError

from smpp.bodies import BODIES
from smpp.constants import MAX_PDU_BYTES, MIN_PDU_BYTES, RESP_BIT, CommandStatus
from smpp.errors import PduError
from smpp.fields import FieldValue, UnreadableField
from smpp.framing import Header, parse_header
from smpp.hot import pdu as whole_pdu
from smpp.tlv import Tlv, encode_tlvs, split_tlvs


@dataclass(slots=True)
class Pdu:
    """A PDU as values; `repr` shows no field, since passwords, addresses and texts are among them.

    A response may come without its body: `fields` is empty then.
    """

    command_id: int
    command_status: int
    sequence_number: int
    fields: dict[str, FieldValue] = field(default_factory=dict, repr=False)
    tlvs: tuple[Tlv, ...] = field(default=(), repr=False)
    trailing: bytes = field(default=b"", repr=False)
    """Received octets behind the last whole TLV, for whoever looks into a broken peer; never sent."""
    received: bool = field(default=False, compare=False)
    """Whether it was decoded; encoding then repeats strings that are longer than the specification allows."""


def decode_pdu(frame: bytes) -> Pdu:
    """A whole PDU; PduError for one that cannot be used, StreamError for less than a header."""
    head = parse_header(frame)
    if head.command_length != len(frame):
        raise _refused(head, CommandStatus.ESME_RINVCMDLEN, "command_length is not the length of the PDU")
    if head.command_id not in BODIES:
        raise _refused(head, CommandStatus.ESME_RINVCMDID, f"unknown command_id 0x{head.command_id:08x}")
    fields, tlvs, trailing = _decode_body(head, frame)
    return Pdu(*head[1:], fields=fields, tlvs=tlvs, trailing=trailing, received=True)


def _decode_body(head: Header, frame: bytes) -> tuple[dict[str, FieldValue], tuple[Tlv, ...], bytes]:
    if head.command_id & RESP_BIT and len(frame) == MIN_PDU_BYTES:
        return {}, (), b""
    try:
        fields, end = BODIES[head.command_id].read(frame, MIN_PDU_BYTES)
    except UnreadableField as error:
        if head.command_id & RESP_BIT and head.command_status != CommandStatus.ESME_ROK:
            return {}, (), frame[MIN_PDU_BYTES:]  # the refusal counts, whatever is left of its body
        raise _refused(head, error.command_status, error.reason) from None
    return fields, *split_tlvs(frame[end:])


def _refused(head: Header, command_status: CommandStatus, reason: str) -> PduError:
    return PduError(head.command_id, command_status, head.sequence_number, reason)


def encode_pdu(pdu: Pdu) -> bytes:
    """A whole PDU; ValueError, naming the field and never its value, for what the specification does not allow.

    A response without fields and TLVs is sent without a body.
    """
    if pdu.command_id not in BODIES:
        raise ValueError(f"unknown command_id 0x{pdu.command_id:08x}")
    body = _encode_fields(pdu) + encode_tlvs(pdu.tlvs)
    if MIN_PDU_BYTES + len(body) > MAX_PDU_BYTES:
        raise ValueError(f"tlvs: the PDU would have more than {MAX_PDU_BYTES} octets")
    try:
        return whole_pdu(pdu.command_id, pdu.command_status, pdu.sequence_number, body)
    except StructError:
        raise ValueError("command_status or sequence_number: does not fit 32 bits") from None


def _encode_fields(pdu: Pdu) -> bytes:
    if pdu.command_id & RESP_BIT and not pdu.fields and not pdu.tlvs:
        return b""
    return BODIES[pdu.command_id].write(pdu.fields, repeat=pdu.received)
