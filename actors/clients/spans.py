"""The span of an event: from its publishing until JetStream has confirmed it."""

from typing import TYPE_CHECKING

from adapters.telemetry.span_table import PUBLISH
from messages.events import DeadDispatchEvent, DlrInboundEvent, MoInboundEvent, OperatorHealthEvent

if TYPE_CHECKING:
    from adapters.telemetry.spans import Span, Tracer


class PublishSpans:
    """An event that nothing traced has led to is a trace of its own."""

    def __init__(self, tracer: "Tracer") -> None:
        self._tracer = tracer

    def begin(
        self,
        subject: str,
        event: DlrInboundEvent | MoInboundEvent | DeadDispatchEvent | OperatorHealthEvent,
        traceparent: str,
        at: float,
    ) -> "Span | None":
        """None where what led to it is not traced. at: seconds since the epoch."""
        if not self._tracer.may_sample(traceparent):
            return None
        fields = {
            "messaging.system": "nats",
            "messaging.destination.name": subject,
            "messaging.message.id": event.event_id,
            "smpp.operator_id": event.operator_id,
        }
        return self._tracer.begin(PUBLISH[subject], traceparent, at, fields)
