"""The span of a submit_sm: from its writing to its answer."""

from typing import TYPE_CHECKING

from adapters.telemetry.span_table import SUBMIT, of_segment
from core.storing import decode_context
from messages.lanes import SubmitOrder
from smpp.constants import CommandStatus, status_name
from smpp.events import SubmitAnswered

if TYPE_CHECKING:
    from adapters.telemetry.spans import Span, Tracer

NO_ANSWER = "no submit_sm_resp"


class SubmitSpans:
    """Of those under way, so at most a window of them. Times in seconds since the epoch."""

    def __init__(self, tracer: "Tracer", session: str) -> None:
        self._tracer = tracer
        self._session = session
        self._open: dict[int, Span] = {}

    def written(self, order: SubmitOrder, sequence_number: int, at: float) -> None:
        context = decode_context(order.context)
        fields = {
            **of_segment(context),
            "smpp.session": self._session,
            "smpp.sequence_number": sequence_number,
            "smpp.possibly_repeated": context.possibly_sent_before,
        }
        self._open[order.key] = self._tracer.begin(SUBMIT, order.traceparent, at, fields)

    def answered(self, order: SubmitOrder, answer: SubmitAnswered, at: float) -> str:
        """Its traceparent, for what its acceptance leads to."""
        span = self._open.pop(order.key)
        status = status_name(answer.command_status)
        fields = {"smpp.command_status": status}
        if answer.smsc_message_id:
            fields["smpp.smsc_message_id"] = answer.smsc_message_id
        span.end(at, fields, "" if answer.command_status == CommandStatus.ESME_ROK else status)
        return span.traceparent

    def unanswered(self, order: SubmitOrder, at: float) -> None:
        self._open.pop(order.key).end(at, error=NO_ANSWER)
