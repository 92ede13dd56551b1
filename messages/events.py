"""The events that we publish at NATS, in the shape that consumers rely on (docs/contracts.md)."""

from enum import Enum
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from config.operators import EndpointRole
from smpp.text import Encoding

DLR_INBOUND = "sms.dlr.inbound"
MO_INBOUND = "sms.mo.inbound"
DEAD_DISPATCH = "sms.dead.dispatch"
OPERATOR_HEALTH = "operator.health"

# What only the JSON Schemas say of a field; our own events are not checked against it as they go out.
Timestamp = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        extra_json_schema={"format": "date-time"},
    ),
]  # RFC 3339, UTC, milliseconds
AtLeastOne = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]


class DeliveryStatus(Enum):
    """The fate of a message or of one segment. Source: SMPP 3.4, 5.2.28; SKIPPED is SMPP 5.0's."""

    ENROUTE = "ENROUTE"
    DELIVERED = "DELIVERED"
    EXPIRED = "EXPIRED"
    DELETED = "DELETED"
    UNDELIVERABLE = "UNDELIVERABLE"
    ACCEPTED = "ACCEPTED"
    UNKNOWN = "UNKNOWN"
    REJECTED = "REJECTED"
    SKIPPED = "SKIPPED"


class DlrSource(Enum):
    DELIVER_SM = "deliver_sm"
    SUBMIT_SM_RESP = "submit_sm_resp"
    EXPIRY = "expiry"


class HealthState(Enum):
    BOUND = "BOUND"
    UNBOUND = "UNBOUND"
    FAILBACK = "FAILBACK"


class DlrInboundEvent(Struct, frozen=True, kw_only=True):
    """What became of a message. `final` is true on exactly one event of a message.

    message_id: empty where no correlation was found by the receipt's deadline.
    stat: the SMSC's own word. Times are null where the SMSC did not say.
    possibly_repeated: the SMSC may have got it more than once, because a submit_sm of it had no answer and another one
    followed; of the final event: any segment of the message.
    transliterated: the text went out with substitutes for some of its characters.
    raw: only of a receipt that names no message: its text.
    """

    event_id: str
    message_id: str
    operator_id: str
    smsc_message_id: str
    status: DeliveryStatus
    stat: str
    error_code: str
    segment: AtLeastOne
    segments: AtLeastOne
    final: bool
    message_status: DeliveryStatus
    submitted_at: Timestamp | None
    done_at: Timestamp | None
    received_at: Timestamp
    source: DlrSource
    metadata: dict[str, str]
    possibly_repeated: bool = False
    transliterated: bool = False
    raw: str | UnsetType = UNSET

    def __repr__(self) -> str:
        return f"DlrInboundEvent(event_id={self.event_id!r}, message_id={self.message_id!r})"


class OperatorHealthEvent(Struct, frozen=True, kw_only=True):
    """One transition of an operator as this replica sees it."""

    event_id: str
    operator_id: str
    state: HealthState
    previous_state: HealthState | None
    endpoint: EndpointRole
    reason: str
    sessions_bound: Count
    sessions_configured: Count
    connector_id: str
    at: Timestamp


class MoInboundEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message from a handset, its parts put together. Exactly one of text and data is set; data is base64.

    segment and reference are set where it is a part alone, whose others did not come in time. data_coding: of binary
    content. udh: the elements of its header but those of concatenation, in hex, where there are any.
    """

    event_id: str
    operator_id: str
    source: str = msgspec.field(name="from")
    to: str
    encoding: Encoding
    segments: AtLeastOne
    received_at: Timestamp
    text: str | None = None
    data: bytes | None = None
    segment: AtLeastOne | None = None
    reference: Count | None = None
    data_coding: Annotated[int, Meta(ge=0, le=255)] | None = None
    udh: Annotated[str, Meta(pattern="^([0-9a-f]{2})+$")] | None = None

    def __repr__(self) -> str:
        return f"MoInboundEvent(event_id={self.event_id!r}, operator_id={self.operator_id!r})"


class DeadDispatchEvent(Struct, frozen=True, kw_only=True):
    """A dispatch that can't be processed. payload: as it came in, base64, since it need not be text."""

    event_id: str
    operator_id: str
    payload: bytes
    reason: str
    deliveries: AtLeastOne

    def __repr__(self) -> str:
        return f"DeadDispatchEvent(event_id={self.event_id!r}, reason={self.reason!r})"
