"""The pact over sms.dlr.inbound: a messaging platform asks for it, smpp-connector keeps it.

The consumer is how a platform should read these events: it takes what it needs and ignores the rest. The provider is
our own code, from the octets of a deliver_sm to what goes to NATS.
"""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import patch

from confirming_nats import ConfirmingNats, Published
from msgspec.structs import replace
from pact import Pact, match
from pact_files import new_pact

from actors.clients.event_publisher import Caused, EventPublisher
from config.operators import OperatorConfig
from core.dlr import conclusion_event, receipt_event, unmatched_event
from core.inbound import InboundReader
from messages.correlations import ReceiptRow, SegmentState, StoredSegment
from messages.events import DLR_INBOUND, DeliveryStatus, DlrInboundEvent, DlrSource
from messages.lanes import InboundReceipt
from smpp.constants import CommandId, CommandStatus
from smpp.hot import ShortMessage, decode_short_message, encode_short_message, pdu

CONSUMER, PROVIDER = "messaging-platform", "smpp-connector"

DELIVERED = "the receipt of a message that was delivered"
PART_DELIVERED = "the receipt of one segment of a message, before the others"
REFUSED = "the end of a message that the operator refuses"
EXPIRED = "the end of a message that was not sent in time"
ACCEPTED = "the end of a message without a receipt"
NO_RECEIPT = "the end of a message whose receipt never came"
UNMATCHED = "a receipt of a message that nobody knows"

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"


# What the consumer asks for.


def dlr_pact() -> Pact:
    pact = new_pact(CONSUMER, PROVIDER)
    for description, body in ASKED_FOR.items():
        interaction = pact.upon_receiving(description, "Async")
        interaction.with_body(body, "application/json")
        interaction.with_metadata({"subject": DLR_INBOUND, "Nats-Msg-Id": match.string("alpha.m-1.final")})
    return pact


def _asked(example_id: str, status: str, source: str, **fields: Any) -> dict[str, Any]:
    """An event with these values, and whatever other values of their type in the other fields."""
    return {
        "event_id": match.string("alpha.m-1.final"),
        "message_id": match.string(example_id),
        "operator_id": match.string("alpha"),
        "smsc_message_id": match.string("0A1F"),
        "status": status,
        "stat": match.string("DELIVRD"),
        "error_code": match.string("000"),
        "segment": match.integer(1),
        "segments": match.integer(1),
        "final": True,
        "message_status": status,
        "submitted_at": match.regex("2026-01-31T08:30:00.250Z", regex=TIME),
        "done_at": None,
        "received_at": match.regex("2026-01-31T08:30:05.000Z", regex=TIME),
        "source": source,
        "metadata": {"campaign": match.string("spring")},
        **fields,
    }


_DONE_AT = match.regex("2026-01-31T08:30:00.000Z", regex=TIME)

ASKED_FOR = {
    DELIVERED: _asked("delivered", "DELIVERED", "deliver_sm", done_at=_DONE_AT, stat="DELIVRD"),
    PART_DELIVERED: _asked(
        "in three segments",
        "DELIVERED",
        "deliver_sm",
        segment=2,
        segments=3,
        final=False,
        message_status="ENROUTE",
        done_at=_DONE_AT,
    ),
    REFUSED: _asked("refused", "REJECTED", "submit_sm_resp", submitted_at=None, error_code="ESME_RINVDSTADR"),
    EXPIRED: _asked("too late", "EXPIRED", "expiry", submitted_at=None),
    ACCEPTED: _asked("accepted", "ACCEPTED", "submit_sm_resp"),
    NO_RECEIPT: _asked("no receipt", "UNKNOWN", "expiry"),
    UNMATCHED: _asked(
        "nobody knows",
        "DELIVERED",
        "deliver_sm",
        message_id="",
        final=False,
        submitted_at=None,
        done_at=_DONE_AT,
        metadata={},
    ),
}


class FateBook:
    """A platform's book of its messages: the last word on each, and which segments are known to be delivered."""

    def __init__(self) -> None:
        self.ended: dict[str, str] = {}
        self.delivered_segments: dict[str, set[int]] = {}

    def read(self, payload: str | bytes | None, _metadata: dict[str, object]) -> None:
        event = json.loads(payload or b"")
        message_id = event["message_id"]
        if not message_id:
            return
        if event["status"] == "DELIVERED":
            self.delivered_segments.setdefault(message_id, set()).add(event["segment"])
        if event["final"]:
            self.ended[message_id] = event["message_status"]


# What the provider sends.

NOW = 1_769_848_205.0
STORED = StoredSegment(
    message_id="m-1",
    operator_id="alpha",
    segment=1,
    segments=1,
    smsc_message_id="0A1F",
    status=DeliveryStatus.DELIVERED,
    final=True,
    settled=False,
    concludes=True,
    request_dlr=True,
    submitted_at=NOW - 5,
    metadata={"campaign": "spring"},
    traceparent="",
    states=(SegmentState(1, DeliveryStatus.DELIVERED, True),),
)
UNSENT = replace(STORED, smsc_message_id="", submitted_at=None)
RECEIPT_TEXT = b"id:0A1F sub:001 dlvrd:001 submit date:2601310830 done date:2601310830 stat:DELIVRD err:000 text:"


def _receipt() -> ReceiptRow:
    message = ShortMessage(source_addr="491512345678", esm_class=0x04, short_message=RECEIPT_TEXT)
    frame = pdu(CommandId.DELIVER_SM, 0, 1, encode_short_message(message))
    read = InboundReader(OperatorConfig(operator_id="alpha", endpoints=())).read(decode_short_message(frame), 1, NOW)
    assert isinstance(read, InboundReceipt)
    return read.receipt


def _part_delivered() -> DlrInboundEvent:
    return receipt_event(replace(STORED, segment=2, segments=3, concludes=False), _receipt())


def _refused() -> DlrInboundEvent:
    segment = replace(UNSENT, status=DeliveryStatus.REJECTED)
    return conclusion_event(segment, DlrSource.SUBMIT_SM_RESP, NOW, CommandStatus.ESME_RINVDSTADR)


SENT: dict[str, Callable[[], DlrInboundEvent]] = {
    DELIVERED: lambda: receipt_event(STORED, _receipt()),
    PART_DELIVERED: _part_delivered,
    REFUSED: _refused,
    EXPIRED: lambda: conclusion_event(replace(UNSENT, status=DeliveryStatus.EXPIRED), DlrSource.EXPIRY, NOW),
    ACCEPTED: lambda: conclusion_event(replace(STORED, status=DeliveryStatus.ACCEPTED), DlrSource.SUBMIT_SM_RESP, NOW),
    NO_RECEIPT: lambda: conclusion_event(replace(STORED, status=DeliveryStatus.UNKNOWN), DlrSource.EXPIRY, NOW),
    UNMATCHED: lambda: unmatched_event(_receipt()),
}


def dlr_messages() -> dict[str, Callable[[], Published]]:
    """What our code publishes in each case."""
    return {description: partial(_published, make) for description, make in SENT.items()}


def _published(make: Callable[[], DlrInboundEvent]) -> Published:
    nats = ConfirmingNats()

    async def publish() -> None:
        with patch("actors.clients.event_publisher.connected_client", return_value=nats):
            publisher = await EventPublisher.connect("pact")
        await publisher.publish_dlr([Caused(make())])

    asyncio.run(publish())
    (message,) = nats.published
    return message
