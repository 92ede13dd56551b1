"""What a deliver_sm or data_sm is: a receipt, or a message from a handset."""

import uuid
from datetime import UTC, datetime
from functools import lru_cache

from config.operators import OperatorConfig
from core.verdict import is_final
from messages.correlations import ReceiptRow
from messages.events import DeliveryStatus
from messages.lanes import InboundPart, InboundReceipt
from smpp.constants import MessageState
from smpp.hot import ShortMessage
from smpp.message_id import IdRules
from smpp.receipts import Receipt, parse_receipt, text_of
from smpp.segments import part_of, received_content
from smpp.text import Encoding
from smpp.udh import other_elements, user_data

MAX_ID_LENGTH = 255  # characters; SMPP 3.4 allows 64, and an index entry of Postgres 2,700 octets
MAX_RAW_LENGTH = 1000  # characters of a receipt that names no message

_STATUSES = {state: DeliveryStatus[state.name] for state in MessageState}

DIALECTS = {
    "DELIVERD": DeliveryStatus.DELIVERED,  # CM.com
    "SCHEDLD": DeliveryStatus.ENROUTE,  # Melrose Labs, for SCHEDULED of SMPP 5.0
    "BUFFRED": DeliveryStatus.ENROUTE,  # SMS Central
    "SUBMITD": DeliveryStatus.ENROUTE,  # SMSPortal
    "FAILED": DeliveryStatus.UNDELIVERABLE,  # Vonage, Kaleyra, Route Mobile
    "UNDELIVERED": DeliveryStatus.UNDELIVERABLE,  # Kaleyra
    "SYSERR": DeliveryStatus.UNDELIVERABLE,  # SMS Central
    "NOROUTE": DeliveryStatus.UNDELIVERABLE,  # SMSPortal
    "BARRED": DeliveryStatus.UNDELIVERABLE,  # PSWinCom
    "BARREDA": DeliveryStatus.UNDELIVERABLE,  # PSWinCom
    "ZEROBAL": DeliveryStatus.UNDELIVERABLE,  # PSWinCom
    "NOCRED": DeliveryStatus.REJECTED,  # SMS Central
    "BLIST": DeliveryStatus.REJECTED,  # SMSPortal
    "NACK": DeliveryStatus.REJECTED,  # OZEKI
    "CANCELLED": DeliveryStatus.DELETED,  # SMSPortal
}
"""Words of stat that the specification does not have, and operators document; docs/receipts.md says the same."""


class InboundReader:
    """Reads by one operator's rules."""

    def __init__(self, operator: OperatorConfig) -> None:
        self._operator_id = operator.operator_id
        self._reader_id = uuid.uuid4().hex
        self._id_rules = IdRules(operator.message_id.submit_resp, operator.message_id.receipt)
        self._default_alphabet = Encoding(operator.default_alphabet.value)
        self._packed = operator.text.packed_gsm7
        self._join_within_s = operator.mo_parts_s
        self._by_text = operator.receipts.by_text
        self._own_stats = {word.upper(): DeliveryStatus[name] for word, name in operator.receipts.stats.items()}

    def read(self, message: ShortMessage, key: int, received_at: float) -> InboundReceipt | InboundPart:
        """received_at: seconds since the epoch."""
        receipt = parse_receipt(message, by_text=self._by_text)
        if receipt is not None:
            return InboundReceipt(key, self._receipt(message, receipt, received_at))
        return self._part(message, key, received_at)

    def _receipt(self, message: ShortMessage, receipt: Receipt, received_at: float) -> ReceiptRow:
        status = self._status(receipt)
        key = (self._id_rules.key_of_receipt(receipt) or "")[:MAX_ID_LENGTH]
        return ReceiptRow(
            operator_id=self._operator_id,
            smsc_message_id=(receipt.smsc_message_id or "")[:MAX_ID_LENGTH],
            smsc_message_id_key=key,
            status=status or DeliveryStatus.UNKNOWN,
            final=status is not None and is_final(status),
            stat=receipt.stat or "",
            error_code=receipt.error_code or "",
            done_at=_rfc3339(receipt.done_at),
            received_at=received_at,
            raw="" if key else text_of(message)[:MAX_RAW_LENGTH],
        )

    def _status(self, receipt: Receipt) -> DeliveryStatus | None:
        """An intermediate notification never ends a message, whatever state it names (SMPP 3.4, 5.2.12).

        None for a stat that nobody knows: it is not the last word, another receipt may come, or the expiry.
        """
        if receipt.intermediate:
            return DeliveryStatus.ENROUTE
        stat = (receipt.stat or "").upper()
        if stat in self._own_stats:
            return self._own_stats[stat]
        return _STATUSES[receipt.state] if receipt.state is not None else DIALECTS.get(stat)

    def _part(self, message: ShortMessage, key: int, received_at: float) -> InboundPart:
        part = part_of(message)
        content, form = received_content(message, self._default_alphabet, packed=self._packed)
        return InboundPart(
            key=key,
            delivery_id=f"{self._reader_id}.{key}",
            operator_id=self._operator_id,
            source=message.source_addr,
            to=message.destination_addr,
            content=content,
            encoding=form.encoding.value,
            shift=form.shift,
            data_coding=message.data_coding,
            udh=other_elements(user_data(message)[0]).hex(),
            reference=part.reference if part is not None else 0,
            part=part.part if part is not None else 1,
            parts=part.parts if part is not None else 1,
            received_at=received_at,
            join_until=received_at + self._join_within_s,
        )


@lru_cache(maxsize=512)
def _rfc3339(at: datetime | None) -> str:
    """SMSCs seldom name their offset; without one their time is taken as UTC."""
    if at is None:
        return ""
    at = at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
