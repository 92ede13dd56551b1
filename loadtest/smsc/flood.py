"""A bare ESME: submits as fast as its windows allow, answers every deliver_sm, and does nothing else."""

import asyncio
from struct import Struct
from time import monotonic
from typing import cast

from smpp.constants import MIN_PDU_BYTES, CommandId, CommandStatus
from smpp.fields import FieldValue
from smpp.hot import ShortMessage, encode_short_message
from smpp.pdu import Pdu, encode_pdu

WINDOW = 1000  # unanswered submit_sm on a link
MESSAGE = ShortMessage(
    source_addr="ACME",
    source_addr_ton=5,
    destination_addr="491512345678",
    dest_addr_ton=1,
    dest_addr_npi=1,
    registered_delivery=1,
    short_message=b"A message of the length that most messages have, which is sixty.",
)

BIND: dict[str, FieldValue] = {
    **{"system_id": "flood", "password": "", "system_type": "", "interface_version": 0x34},
    **{"addr_ton": 0, "addr_npi": 0, "address_range": ""},
}

_header = Struct(">4I")


class Flood:
    """So many messages over all links. `finished` is set when each is answered and has its receipt."""

    def __init__(self, messages: int) -> None:
        self.left = messages
        self.unanswered = self.without_receipt = messages
        self.refused = 0
        self.started_at = monotonic()
        self.finished = asyncio.Event()

    @property
    def took_s(self) -> float:
        return monotonic() - self.started_at

    def count(self, answered: int, refused: int, receipts: int) -> None:
        """What one read has brought; a refused message has no receipt."""
        self.refused += refused
        self.unanswered -= answered
        self.without_receipt -= receipts + refused
        if self.unanswered <= 0 and self.without_receipt <= 0:
            self.finished.set()


class Link(asyncio.Protocol):
    """One bind. Octets of submit_sm and deliver_sm_resp are made here, as their bodies never change."""

    def __init__(self, flood: Flood) -> None:
        self._flood = flood
        self._body = encode_short_message(MESSAGE)
        self._pending = b""
        self._in_flight = 0
        self._sequence_number = 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._transport.write(encode_pdu(Pdu(CommandId.BIND_TRANSCEIVER, 0, 1, BIND)))

    def connection_lost(self, error: Exception | None) -> None:
        self._flood.finished.set()  # what is missing then, is missing

    def data_received(self, data: bytes) -> None:
        data = self._pending + data
        output, start, answered, refused, receipts = bytearray(), 0, 0, 0, 0
        while len(data) - start >= MIN_PDU_BYTES:
            length, command_id, status, sequence_number = _header.unpack_from(data, start)
            if len(data) - start < length:
                break
            start += length
            if command_id == CommandId.SUBMIT_SM_RESP:
                answered += 1
                refused += status != CommandStatus.ESME_ROK
            elif command_id == CommandId.DELIVER_SM:
                receipts += 1
                output += _header.pack(MIN_PDU_BYTES + 1, CommandId.DELIVER_SM_RESP, 0, sequence_number) + b"\0"
        self._pending = data[start:]
        self._in_flight -= answered
        self._flood.count(answered, refused, receipts)
        self._transport.write(bytes(output + self._submits()))

    def _submits(self) -> bytes:
        count = min(WINDOW - self._in_flight, self._flood.left)
        first = self._sequence_number + 1
        self._sequence_number += count
        self._in_flight += count
        self._flood.left -= count
        length = MIN_PDU_BYTES + len(self._body)
        return b"".join(
            _header.pack(length, CommandId.SUBMIT_SM, 0, number) + self._body for number in range(first, first + count)
        )
