"""The spans of correlations: from their batch being taken until it is stored and its dispatches are acknowledged."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.telemetry.span_table import WRITE, of_segment
from messages.correlations import CorrelationRow
from messages.traceparent import is_sampled

if TYPE_CHECKING:
    from adapters.telemetry.spans import Tracer


class WriteSpans:
    """One for each row that is traced; `smpp.batch` says how many were written together."""

    def __init__(self, tracer: "Tracer") -> None:
        self._tracer = tracer

    def written(self, rows: Sequence[CorrelationRow], took_s: float) -> None:
        """Just now."""
        at = time.time()
        for row in rows:
            if is_sampled(row.traceparent):
                fields = {**of_segment(row), "smpp.status": row.status.value, "smpp.batch": len(rows)}
                self._tracer.begin(WRITE, row.traceparent, at - took_s, fields).end(at)
