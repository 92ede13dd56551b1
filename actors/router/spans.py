"""The span of a dispatch that has come: from its publication, through JetStream, to the OperatorActor."""

import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from adapters.nats.streams import DISPATCH_SUBJECT
from adapters.telemetry.span_table import RECEIVE
from messages.ack_subject import stream_sequence
from messages.lanes import DispatchItem

if TYPE_CHECKING:
    from adapters.telemetry.spans import Tracer


class ReceiveSpans:
    """Here it is decided whether a message is traced; those behind the router follow its traceparent."""

    def __init__(self, tracer: "Tracer", operator_id: str) -> None:
        self._tracer = tracer
        self._fields: dict[str, str | int | bool] = {
            "messaging.system": "nats",
            "messaging.destination.name": f"{DISPATCH_SUBJECT}.{operator_id}",
            "smpp.operator_id": operator_id,
        }

    def received(self, item: DispatchItem) -> DispatchItem:
        """The same, with the traceparent of its span where it is traced."""
        if not self._tracer.may_sample(item.traceparent):
            return item
        now = time.time()
        # Of a redelivery only its coming is known; and JetStream's clock may be ahead of ours.
        sent_at = min(item.published_at, now) if item.deliveries == 1 else now
        fields = {
            **self._fields,
            "smpp.stream_sequence": stream_sequence(item.reply),
            "smpp.deliveries": item.deliveries,
        }
        span = self._tracer.begin(RECEIVE, item.traceparent, sent_at, fields)
        span.end(now)
        return replace(item, traceparent=span.traceparent)
