"""From a dispatch as JetStream gave it to the orders that carry it; what can't be sent is concluded here."""

import itertools
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from config.operators import OperatorConfig, UnknownOutcome
from core.layout import read_layout
from core.order_queue import Order
from core.preparation import Prepared, Preparer
from core.reading import MAX_DISPATCH_BYTES, Unprocessable, read_dispatch
from core.redeliveries import NOTHING_SENT, SentSegments
from messages.ack_subject import stream_sequence
from messages.dispatch import Dispatch
from messages.lanes import Concluded, Conclusion, DispatchItem, MessageContext

MOST_DELIVERIES = 1000  # of one dispatch, hours of them; most end long before by retry.age_s or expires_at

_encode_context = msgspec.msgpack.Encoder().encode


class Taken(NamedTuple):
    """A dispatch on its way to orders. reference: of its parts, where earlier deliveries gave them one."""

    item: DispatchItem
    dispatch: Dispatch
    prepared: Prepared
    sent: SentSegments = NOTHING_SENT
    reference: int | None = None

    @property
    def needs_reference(self) -> bool:
        return self.reference is None and self.prepared.needs_reference

    @property
    def own_reference(self) -> int:
        """Its number in the stream: for want of a better one, since another message to the same destination may have
        it, and the one that parts got before layouts were recorded."""
        return _own_reference(self.item)


class Intake:
    """Knows the operator's rules and numbers the orders."""

    def __init__(self, operator: OperatorConfig) -> None:
        self.configure(operator)
        self.numbers = itertools.count(1)
        self.transliterated = 0  # dispatches, since whoever counts them has looked

    def configure(self, operator: OperatorConfig) -> None:
        """New rules, for what is read from now on."""
        self._operator = operator
        self._preparer = Preparer(operator)

    def read(self, item: DispatchItem) -> Dispatch:
        """Raises Unprocessable."""
        if item.left_out:
            kept, size = len(item.payload), len(item.payload) + item.left_out
            raise Unprocessable(f"{size} bytes are more than {MAX_DISPATCH_BYTES}; payload cut to {kept}")
        return read_dispatch(item.payload, self._operator.operator_id)

    def prepare(
        self, item: DispatchItem, dispatch: Dispatch, at: float, sent: SentSegments = NOTHING_SENT
    ) -> Taken | list[Concluded]:
        """By the operator's rules, or as it was when some of its segments were sent. Raises Unprocessable.

        What needs no submit_sm, or gets none any more, is returned as the ends of its segments: it was accepted whole,
        has been delivered too often, or can't be cut as it was. at: seconds since the epoch.
        """
        is_last = item.deliveries > MOST_DELIVERIES
        if is_last and sent == NOTHING_SENT:
            raise Unprocessable(f"given up after {item.deliveries} deliveries")
        layout = read_layout(sent.layout)
        if is_last or sent.is_complete or (sent.layout and not layout):
            return self._ends(item, dispatch, sent)
        prepared = self._preparer.prepare(dispatch, at, layout)
        if (sent.accepted or layout) and prepared.segments != sent.segments:
            return self._ends(item, dispatch, sent)
        self.transliterated += prepared.transliterated and item.deliveries == 1
        reference = layout.reference if layout else _own_reference(item) if sent.accepted else None
        return Taken(item, dispatch, prepared, sent, reference)

    def orders(self, taken: Taken, reference: int = 0) -> tuple[list[Order], list[Concluded]]:
        """Orders for the segments that need a submit_sm; the others are concluded. Raises Unprocessable.

        reference: for what needs one.
        """
        reference = reference if taken.reference is None else taken.reference
        bodies = taken.prepared.bodies(reference)
        layout, altered = taken.prepared.layout(reference), taken.prepared.transliterated
        first = self._context(taken.item, taken.dispatch, len(bodies), layout, transliterated=altered)
        orders: list[Order] = []
        concluded: list[Concluded] = []
        for segment, body in enumerate(bodies, 1):
            context = first if segment == 1 else replace(first, segment=segment)
            if segment in taken.sent.accepted:
                concluded.append(Concluded(Conclusion.ALREADY_ACCEPTED, context))
            elif segment in taken.sent.unanswered and self._operator.unknown_outcome is UnknownOutcome.REPORT:
                concluded.append(Concluded(Conclusion.REPORTED, context))
            else:
                order = self._order(taken, body, context)
                if segment in taken.sent.unanswered:
                    mark_possibly_sent(order)
                orders.append(order)
        return orders, concluded

    def dead(self, item: DispatchItem, reason: str) -> Concluded:
        """For what can't be processed at all: it has no message_id that we may trust."""
        context = self._whole(item)
        return Concluded(Conclusion.DEAD, context, reason=reason, payload=item.payload, deliveries=item.deliveries)

    def repeated(self, item: DispatchItem) -> Concluded:
        """For another dispatch of a message that has been sent."""
        return Concluded(Conclusion.REPEATED, self._whole(item))

    def back(self, item: DispatchItem, delay_s: float) -> Concluded:
        """For what nothing has been done with yet."""
        return Concluded(Conclusion.GIVE_BACK, self._whole(item), delay_s=delay_s)

    def _whole(self, item: DispatchItem) -> MessageContext:
        """Of a dispatch as such, and no segment of it."""
        return MessageContext(
            message_id="",
            operator_id=self._operator.operator_id,
            segment=0,
            segments=0,
            reply=item.reply,
            request_dlr=False,
            receipt_ttl_s=0,
            id_rule=self._operator.message_id.submit_resp,
            metadata={},
            traceparent=item.traceparent,
            possibly_sent_before=False,
        )

    def _ends(self, item: DispatchItem, dispatch: Dispatch, sent: SentSegments) -> list[Concluded]:
        first = self._context(item, dispatch, sent.segments)
        segments = range(1, sent.segments + 1)
        return [Concluded(sent.end_of(segment), replace(first, segment=segment)) for segment in segments]

    def _order(self, taken: Taken, body: bytes, context: MessageContext) -> Order:
        item, dispatch = taken.item, taken.dispatch
        return Order(
            key=next(self.numbers),
            body=body,
            context=context,
            encoded_context=_encode_context(context),
            priority=dispatch.priority,
            expires_at=dispatch.expires_at.timestamp() if dispatch.expires_at else None,
            published_at=item.published_at,
            held_since=item.pulled_at,
        )

    def _context(
        self, item: DispatchItem, dispatch: Dispatch, segments: int, layout: str = "", *, transliterated: bool = False
    ) -> MessageContext:
        """Of the first segment."""
        return MessageContext(
            message_id=dispatch.message_id,
            operator_id=self._operator.operator_id,
            segment=1,
            segments=segments,
            reply=item.reply,
            request_dlr=dispatch.request_dlr,
            receipt_ttl_s=self._operator.receipt_ttl_h * 3600,
            id_rule=self._operator.message_id.submit_resp,
            metadata=dispatch.metadata,
            traceparent=item.traceparent,
            possibly_sent_before=False,
            transliterated=transliterated,
            layout=layout,
        )


def mark_possibly_sent(order: Order) -> None:
    """Its submit_sm was written and never answered: the SMSC may see the message a second time."""
    order.context = replace(order.context, possibly_sent_before=True)
    order.encoded_context = _encode_context(order.context)


def _own_reference(item: DispatchItem) -> int:
    return stream_sequence(item.reply) & 0xFFFF
