"""What a batch of frames asks of the CorrelationWriter, sorted by what has to be done."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from actors.runtime.lanes import Delivery, LaneConnection
from core.storing import STATUS_OF, accepted_row, concluded_row, decode_context
from messages.ack_subject import deliveries
from messages.correlations import CorrelationRow, SegmentKey, UnansweredSegment
from messages.lanes import (
    AcceptedBatch,
    AcceptedQuery,
    Concluded,
    ConcludedBatch,
    Conclusion,
    MessageContext,
    UnansweredBatch,
)

Query = tuple[LaneConnection, int, AcceptedQuery]
"""Who asks, and the number of the frame."""


@dataclass
class Work:
    """What one batch of frames asks for."""

    rows: list[CorrelationRow] = field(default_factory=list)
    refusals: dict[SegmentKey, int] = field(default_factory=dict)
    stored: list[MessageContext] = field(default_factory=list)
    dead: list[Concluded] = field(default_factory=list)
    repeated: list[Concluded] = field(default_factory=list)
    given_back: list[Concluded] = field(default_factory=list)
    unanswered: list[UnansweredSegment] = field(default_factory=list)
    queries: list[Query] = field(default_factory=list)
    frames: dict[LaneConnection, list[int]] = field(default_factory=dict)

    def take(self, delivery: Delivery, now: float) -> None:
        connection, number, message = delivery
        if isinstance(message, AcceptedQuery):  # confirmed when it is answered
            self.queries.append((connection, number, message))
            return
        self.frames.setdefault(connection, []).append(number)
        if isinstance(message, AcceptedBatch):
            for accepted in message.items:
                context = decode_context(accepted.context)
                self.rows.append(accepted_row(accepted, context))
                self.stored.append(context)
        elif isinstance(message, ConcludedBatch):
            for concluded in message.items:
                self._take_concluded(concluded, now)
        elif isinstance(message, UnansweredBatch):
            self.unanswered += message.segments

    def give_up(self, row: CorrelationRow, reason: str) -> None:
        """A row that can't be stored: its dispatch ends as dead, and by this segment alone."""
        key = SegmentKey(row.message_id, row.operator_id, row.segment)
        context = next(one for one in self.stored if one.key == key)
        self.stored.remove(context)
        dead = Concluded(Conclusion.DEAD, context, reason=reason, deliveries=deliveries(context.reply))
        self.dead.append(dead)

    def _take_concluded(self, concluded: Concluded, now: float) -> None:
        if concluded.conclusion is Conclusion.DEAD:
            self.dead.append(concluded)
        elif concluded.conclusion is Conclusion.REPEATED:
            self.repeated.append(concluded)
        elif concluded.conclusion is Conclusion.GIVE_BACK:
            self.given_back.append(concluded)
        else:
            self.stored.append(concluded.context)
            if concluded.conclusion in STATUS_OF:
                row = concluded_row(concluded, now)
                self.rows.append(row)
                if concluded.command_status:
                    self.refusals[concluded.context.key] = concluded.command_status


def work_of(batch: Iterable[Delivery], now: float) -> Work:
    """now: seconds since the epoch."""
    work = Work()
    for delivery in batch:
        work.take(delivery, now)
    return work


def replies_of(batch: Iterable[Delivery]) -> set[str]:
    """Reply subjects of the dispatches that these frames are about."""
    replies: set[str] = set()
    for _connection, _number, message in batch:
        if isinstance(message, AcceptedBatch):
            replies.update(decode_context(accepted.context).reply for accepted in message.items)
        elif isinstance(message, ConcludedBatch):
            replies.update(concluded.context.reply for concluded in message.items)
    return replies
