"""How an ESME binds: the three modes, the request and its answer (SMPP 3.4, 4.1)."""

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from smpp.constants import INTERFACE_VERSION, RESP_BIT, CommandId, CommandStatus, Tag
from smpp.errors import PduError
from smpp.pdu import Pdu, decode_pdu, encode_pdu
from smpp.tlv import find_tlv, make_tlv


class BindMode(Enum):
    """Which way messages go; the value is the command that asks for it."""

    TRANSMITTER = CommandId.BIND_TRANSMITTER
    RECEIVER = CommandId.BIND_RECEIVER
    TRANSCEIVER = CommandId.BIND_TRANSCEIVER


@dataclass(frozen=True)
class BindRequest:
    """What an ESME tells the SMSC to be let in; the names are the specification's."""

    mode: BindMode
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    interface_version: int = INTERFACE_VERSION
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""


@dataclass(frozen=True)
class BindAnswer:
    """What an accepting SMSC tells of itself; `interface_version` is None where it does not."""

    system_id: str = ""
    interface_version: int | None = None


def encode_bind(request: BindRequest, sequence_number: int) -> bytes:
    """A whole bind PDU; ValueError, naming the field and never its value, for what SMPP 3.4 does not allow."""
    fields = {name: value for name, value in asdict(request).items() if name != "mode"}
    return encode_pdu(Pdu(request.mode.value, CommandStatus.ESME_ROK, sequence_number, fields))


def decode_bind(frame: bytes) -> BindRequest:
    """The request in a whole bind PDU; PduError where it cannot be read."""
    received = decode_pdu(frame)
    fields: dict[str, Any] = dict(received.fields)
    return BindRequest(BindMode(received.command_id), **fields)


def encode_bind_resp(mode: BindMode, sequence_number: int, system_id: str) -> bytes:
    """A whole bind response that accepts; ValueError for a system_id that SMPP 3.4 does not allow."""
    version = make_tlv(Tag.SC_INTERFACE_VERSION, INTERFACE_VERSION)
    accepted = Pdu(mode.value | RESP_BIT, CommandStatus.ESME_ROK, sequence_number, {"system_id": system_id}, (version,))
    return encode_pdu(accepted)


def decode_bind_resp(frame: bytes) -> BindAnswer:
    """What a whole accepting bind response says; its command_status counts, so an unreadable body is an empty one."""
    try:
        received = decode_pdu(frame)
    except PduError:
        return BindAnswer()
    version = find_tlv(received.tlvs, Tag.SC_INTERFACE_VERSION)
    return BindAnswer(str(received.fields.get("system_id", "")), int.from_bytes(version, "big") if version else None)
