"""The spans of receipts: from their coming until their events are confirmed."""

from typing import TYPE_CHECKING

from adapters.telemetry import tracing
from adapters.telemetry.span_table import RECEIPT, of_segment
from messages.correlations import ReceiptRow, StoredSegment
from messages.traceparent import is_sampled

if TYPE_CHECKING:
    from adapters.telemetry.spans import Span

MOST_OF_CODE = 7  # characters: a code has three; what is longer may be anything, a phone number too


class ReceiptSpans:
    """Of one batch. Each goes on with the trace of its submit_sm, however long ago that was, and is linked to it: a
    backend that has parted with the older half still shows where it belongs."""

    def __init__(self) -> None:
        self._tracer = tracing.tracer()
        self._open: list[Span] = []

    def begin(self, segment: StoredSegment, receipt: ReceiptRow) -> str:
        """The traceparent for the event of this receipt."""
        if self._tracer is None or not is_sampled(segment.traceparent):
            return segment.traceparent
        fields = {
            **of_segment(segment),
            "smpp.smsc_message_id": segment.smsc_message_id,
            "smpp.status": receipt.status.value,
            "smpp.error_code": receipt.error_code[:MOST_OF_CODE],
        }
        span = self._tracer.begin(RECEIPT, segment.traceparent, receipt.received_at, fields, is_linked=True)
        self._open.append(span)
        return span.traceparent

    def end(self, at: float) -> None:
        """Their events are confirmed. at: seconds since the epoch."""
        for span in self._open:
            span.end(at)
