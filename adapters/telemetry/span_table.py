"""Every span that the service makes; docs/traces.md is tested against it.

No attribute holds anything of `to`, `from` or `text`.
"""

from enum import Enum
from typing import Protocol

from msgspec import Struct

from messages.events import DEAD_DISPATCH, DLR_INBOUND, MO_INBOUND, OPERATOR_HEALTH


class Role(Enum):
    """The kind of a span, as OpenTelemetry has it."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class SpanForm(Struct, frozen=True):
    """One row: what spans of this name are."""

    name: str
    role: Role
    attributes: tuple[str, ...]


class Segment(Protocol):
    """What a span says of the segment that it is about."""

    @property
    def operator_id(self) -> str: ...
    @property
    def message_id(self) -> str: ...
    @property
    def segment(self) -> int: ...
    @property
    def segments(self) -> int: ...


SEGMENT = ("smpp.operator_id", "smpp.message_id", "smpp.segment", "smpp.segments")

RECEIVE = SpanForm(
    "sms.dispatch receive",
    Role.CONSUMER,
    ("messaging.system", "messaging.destination.name", "smpp.operator_id", "smpp.stream_sequence", "smpp.deliveries"),
)
QUEUE = SpanForm("operator queue", Role.INTERNAL, (*SEGMENT, "smpp.session"))
SUBMIT = SpanForm(
    "submit_sm",
    Role.CLIENT,
    (
        *SEGMENT,
        "smpp.session",
        "smpp.sequence_number",
        "smpp.possibly_repeated",
        "smpp.command_status",
        "smpp.smsc_message_id",
    ),
)
WRITE = SpanForm("correlation write", Role.INTERNAL, (*SEGMENT, "smpp.status", "smpp.batch"))
RECEIPT = SpanForm("deliver_sm", Role.SERVER, (*SEGMENT, "smpp.smsc_message_id", "smpp.status", "smpp.error_code"))
PUBLISH = {
    subject: SpanForm(
        f"{subject} publish",
        Role.PRODUCER,
        ("messaging.system", "messaging.destination.name", "messaging.message.id", "smpp.operator_id"),
    )
    for subject in (DLR_INBOUND, MO_INBOUND, DEAD_DISPATCH, OPERATOR_HEALTH)
}

SPANS = (RECEIVE, QUEUE, SUBMIT, WRITE, RECEIPT, *PUBLISH.values())


def of_segment(segment: Segment) -> dict[str, str | int]:
    """The attributes SEGMENT."""
    return dict(zip(SEGMENT, (segment.operator_id, segment.message_id, segment.segment, segment.segments), strict=True))
