"""The events that we publish at NATS, in the shape that consumers rely on (docs/contracts.md)."""

from enum import Enum

import msgspec
from msgspec import Struct

DLR_INBOUND = "sms.dlr.inbound"
MO_INBOUND = "sms.mo.inbound"
DEAD_DISPATCH = "sms.dead.dispatch"
OPERATOR_HEALTH = "operator.health"


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
    stat: the SMSC's own word. Times: RFC 3339, UTC, milliseconds; null where the SMSC did not say.
    """

    event_id: str
    message_id: str
    operator_id: str
    smsc_message_id: str
    status: DeliveryStatus
    stat: str
    error_code: str
    segment: int
    segments: int
    final: bool
    message_status: DeliveryStatus
    submitted_at: str | None
    done_at: str | None
    received_at: str
    source: DlrSource
    metadata: dict[str, str]


class OperatorHealthEvent(Struct, frozen=True, kw_only=True):
    """One transition of an operator as this replica sees it."""

    event_id: str
    operator_id: str
    state: HealthState
    previous_state: HealthState | None
    endpoint: str
    reason: str
    sessions_bound: int
    sessions_configured: int
    connector_id: str
    at: str


class MoInboundEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message from a handset, its parts put together. Exactly one of text and data is set; data is base64."""

    event_id: str
    operator_id: str
    source: str = msgspec.field(name="from")
    to: str
    encoding: str
    segments: int
    received_at: str
    text: str | None = None
    data: bytes | None = None

    def __repr__(self) -> str:
        return f"MoInboundEvent(event_id={self.event_id!r}, operator_id={self.operator_id!r})"


class DeadDispatchEvent(Struct, frozen=True, kw_only=True):
    """A dispatch that can't be processed. payload: as it came in, base64, since it need not be text."""

    event_id: str
    operator_id: str
    payload: bytes
    reason: str
    deliveries: int

    def __repr__(self) -> str:
        return f"DeadDispatchEvent(event_id={self.event_id!r}, reason={self.reason!r})"
