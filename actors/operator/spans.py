"""The spans of orders that wait for a permit and a free window slot."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from adapters.telemetry.span_table import QUEUE, of_segment
from core.order_queue import Order
from messages.lanes import SubmitOrder
from messages.traceparent import is_sampled

if TYPE_CHECKING:
    from adapters.telemetry.spans import Tracer


class QueueSpans:
    """One for each time that an order is handed to a session: from its coming, or coming back, until then."""

    def __init__(self, tracer: "Tracer") -> None:
        self._tracer = tracer

    def handed_out(
        self, submits: Sequence[SubmitOrder], orders: Sequence[Order], session: str, now: float
    ) -> list[SubmitOrder]:
        """The same, those that are traced with the traceparent of their span. now: monotonic seconds."""
        return [
            self._traced(submit, order, session, now) if is_sampled(order.context.traceparent) else submit
            for submit, order in zip(submits, orders, strict=True)
        ]

    def _traced(self, submit: SubmitOrder, order: Order, session: str, now: float) -> SubmitOrder:
        at = time.time()
        waited_s = now - (order.returned_at or order.held_since)
        fields = {**of_segment(order.context), "smpp.session": session}
        span = self._tracer.begin(QUEUE, order.context.traceparent, at - waited_s, fields)
        span.end(at)
        return replace(submit, traceparent=span.traceparent)
