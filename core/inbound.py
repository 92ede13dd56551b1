"""What a deliver_sm or data_sm is: a receipt, or a message from a handset."""

from datetime import UTC, datetime

from messages.events import DeliveryStatus
from messages.lanes import InboundPart, InboundReceipt
from smpp.constants import MessageState
from smpp.hot import ShortMessage
from smpp.message_id import IdRule, normalise
from smpp.receipts import Receipt, parse_receipt
from smpp.segments import part_of
from smpp.text import Encoding, encoding_of
from smpp.udh import user_data

_STATUSES = {state: DeliveryStatus[state.name] for state in MessageState}


class InboundReader:
    """Reads by one operator's rules."""

    def __init__(self, id_rule: IdRule, default_alphabet: Encoding) -> None:
        self._id_rule = id_rule
        self._default_alphabet = default_alphabet

    def read(self, message: ShortMessage, key: int, received_at: float) -> InboundReceipt | InboundPart:
        """received_at: seconds since the epoch."""
        receipt = parse_receipt(message)
        if receipt is not None:
            return self._receipt(receipt, key, received_at)
        return self._part(message, key, received_at)

    def _receipt(self, receipt: Receipt, key: int, received_at: float) -> InboundReceipt:
        smsc_message_id = receipt.smsc_message_id or ""
        return InboundReceipt(
            key=key,
            smsc_message_id=smsc_message_id,
            smsc_message_id_key=normalise(smsc_message_id, self._id_rule),
            status=_status(receipt),
            stat=receipt.stat or "",
            error_code=receipt.error_code or "",
            done_at=_rfc3339(receipt.done_at),
            received_at=received_at,
        )

    def _part(self, message: ShortMessage, key: int, received_at: float) -> InboundPart:
        part = part_of(message)
        content = part.content if part is not None else user_data(message)[1]
        return InboundPart(
            key=key,
            source=message.source_addr,
            to=message.destination_addr,
            content=content,
            encoding=encoding_of(message.data_coding, self._default_alphabet).value,
            reference=part.reference if part is not None else 0,
            part=part.part if part is not None else 1,
            parts=part.parts if part is not None else 1,
            received_at=received_at,
        )


def _status(receipt: Receipt) -> DeliveryStatus:
    """An intermediate notification never ends a message, whatever state it names (SMPP 3.4, 5.2.12)."""
    if receipt.intermediate:
        return DeliveryStatus.ENROUTE
    return _STATUSES[receipt.state] if receipt.state is not None else DeliveryStatus.UNKNOWN


def _rfc3339(at: datetime | None) -> str:
    """SMSCs seldom name their offset; without one their time is taken as UTC."""
    if at is None:
        return ""
    at = at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
