"""From a dispatch as JetStream gave it to the orders that carry it; what can't be sent is concluded here."""

import itertools
from typing import NamedTuple

import msgspec

from config.operators import OperatorConfig, UnknownOutcome
from core.order_queue import Order
from core.preparation import Preparer
from core.reading import Unprocessable, read_dispatch
from messages.ack_subject import stream_sequence
from messages.dispatch import Dispatch
from messages.lanes import Concluded, Conclusion, DispatchItem, MessageContext

MOST_DELIVERIES = 1000  # of one dispatch, hours of them; most end long before by retry.age_s or expires_at

_encode_context = msgspec.msgpack.Encoder().encode


class SentSegments(NamedTuple):
    """What earlier deliveries of a dispatch have done, by segment. accepted: needs no other submit_sm. unanswered: its
    submit_sm went out and had no answer."""

    accepted: frozenset[int] = frozenset()
    unanswered: frozenset[int] = frozenset()


NOTHING_SENT = SentSegments()


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
        return read_dispatch(item.payload, self._operator.operator_id)

    def orders(
        self, item: DispatchItem, dispatch: Dispatch, at: float, sent: SentSegments = NOTHING_SENT
    ) -> tuple[list[Order], list[Concluded]]:
        """Orders for the segments that need a submit_sm; the others are concluded.

        The reference that joins the parts is the dispatch's number in the stream: the same at every delivery and on
        every replica, so that parts sent after a redelivery belong to those sent before. What has been delivered too
        often is not sent any more; where some of it was, the other segments end so that the message does.
        Raises Unprocessable. at: seconds since the epoch.
        """
        is_last = item.deliveries > MOST_DELIVERIES
        if is_last and sent == NOTHING_SENT:
            raise Unprocessable(f"given up after {item.deliveries} deliveries")
        prepared = self._preparer.prepare(dispatch, at)
        bodies = prepared.bodies(stream_sequence(item.reply) & 0xFFFF)
        self.transliterated += prepared.transliterated and item.deliveries == 1
        orders: list[Order] = []
        concluded: list[Concluded] = []
        for segment, body in enumerate(bodies, 1):
            context = self._context(item, dispatch, segment, len(bodies))
            if segment in sent.accepted:
                concluded.append(Concluded(Conclusion.ALREADY_ACCEPTED, context))
            elif segment in sent.unanswered and (is_last or self._operator.unknown_outcome is UnknownOutcome.REPORT):
                concluded.append(Concluded(Conclusion.REPORTED, context))
            elif is_last:
                concluded.append(Concluded(Conclusion.EXPIRED, context))
            else:
                order = self._order(item, dispatch, body, context)
                if segment in sent.unanswered:
                    mark_possibly_sent(order)
                orders.append(order)
        return orders, concluded

    def dead(self, item: DispatchItem, reason: str) -> Concluded:
        """For what can't be processed at all: it has no message_id that we may trust."""
        context = MessageContext(
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
        return Concluded(Conclusion.DEAD, context, reason=reason, payload=item.payload, deliveries=item.deliveries)

    def _order(self, item: DispatchItem, dispatch: Dispatch, body: bytes, context: MessageContext) -> Order:
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

    def _context(self, item: DispatchItem, dispatch: Dispatch, segment: int, segments: int) -> MessageContext:
        return MessageContext(
            message_id=dispatch.message_id,
            operator_id=self._operator.operator_id,
            segment=segment,
            segments=segments,
            reply=item.reply,
            request_dlr=dispatch.request_dlr,
            receipt_ttl_s=self._operator.receipt_ttl_h * 3600,
            id_rule=self._operator.message_id.submit_resp,
            metadata=dispatch.metadata,
            traceparent=item.traceparent,
            possibly_sent_before=False,
        )


def mark_possibly_sent(order: Order) -> None:
    """Its submit_sm was written and never answered: the SMSC may see the message a second time."""
    order.context = msgspec.structs.replace(order.context, possibly_sent_before=True)
    order.encoded_context = _encode_context(order.context)
