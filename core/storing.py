"""What the CorrelationWriter stores of an order, and what is published of a dispatch that can't be processed."""

import msgspec

from core.inbound import MAX_ID_LENGTH
from messages.ack_subject import stream_sequence
from messages.correlations import CorrelationRow
from messages.events import DeadDispatchEvent, DeliveryStatus
from messages.lanes import Accepted, Concluded, Conclusion, MessageContext
from smpp.message_id import normalise

MAX_DEAD_PAYLOAD_BYTES = 512 * 1024  # base64 makes it a third more, and NATS takes 1 MiB

STATUS_OF = {
    Conclusion.REFUSED: DeliveryStatus.REJECTED,
    Conclusion.EXPIRED: DeliveryStatus.EXPIRED,
    Conclusion.REPORTED: DeliveryStatus.UNKNOWN,
}
"""Conclusions that end a segment with a status of its own."""

decode_context = msgspec.msgpack.Decoder(MessageContext).decode
_encode_context = msgspec.msgpack.Encoder().encode


def accepted_row(accepted: Accepted, context: MessageContext) -> CorrelationRow:
    """The row of a submit_sm_resp with ESME_ROK; where no receipt is asked for it is final at once."""
    smsc_message_id = accepted.smsc_message_id[:MAX_ID_LENGTH]
    return CorrelationRow(
        message_id=context.message_id,
        operator_id=context.operator_id,
        segment=context.segment,
        segments=context.segments,
        status=DeliveryStatus.ACCEPTED,
        final=not context.request_dlr,
        request_dlr=context.request_dlr,
        expires_at=accepted.submitted_at + context.receipt_ttl_s,
        submitted_at=accepted.submitted_at,
        smsc_message_id=smsc_message_id,
        smsc_message_id_key=normalise(smsc_message_id, context.id_rule),
        metadata=context.metadata,
        traceparent=accepted.traceparent or context.traceparent,
        possibly_repeated=context.possibly_sent_before,
        transliterated=context.transliterated,
        layout=context.layout,
    )


def concluded_row(concluded: Concluded, now: float) -> CorrelationRow:
    """The row of a segment that ends without an accepting answer; only for the conclusions of STATUS_OF."""
    context = concluded.context
    return CorrelationRow(
        message_id=context.message_id,
        operator_id=context.operator_id,
        segment=context.segment,
        segments=context.segments,
        status=STATUS_OF[concluded.conclusion],
        final=True,
        request_dlr=context.request_dlr,
        expires_at=now + context.receipt_ttl_s,
        metadata=context.metadata,
        traceparent=context.traceparent,
        possibly_repeated=context.possibly_sent_before,
        transliterated=context.transliterated,
        layout=context.layout,
    )


def marked_context(context: bytes) -> bytes:
    """The same, saying that its submit_sm may have come twice."""
    return _encode_context(msgspec.structs.replace(decode_context(context), possibly_sent_before=True))


def dead_event(concluded: Concluded) -> DeadDispatchEvent:
    """Its event_id is the same at every delivery of the dispatch."""
    number = stream_sequence(concluded.context.reply)
    return _dead_event(concluded.context.operator_id, number, concluded.payload, concluded.reason, concluded.deliveries)


def stray_event(operator_id: str, number: int, payload: bytes) -> DeadDispatchEvent:
    """Of a dispatch, by its number in the stream, for an operator that nobody has."""
    return _dead_event(operator_id, number, payload, "unknown operator", deliveries=1)


def _dead_event(operator_id: str, number: int, payload: bytes, reason: str, deliveries: int) -> DeadDispatchEvent:
    if len(payload) > MAX_DEAD_PAYLOAD_BYTES:
        reason = f"{reason}; payload cut to {MAX_DEAD_PAYLOAD_BYTES} of {len(payload)} bytes"
        payload = payload[:MAX_DEAD_PAYLOAD_BYTES]
    return DeadDispatchEvent(
        event_id=f"{operator_id}.dead.{number}",
        operator_id=operator_id,
        payload=payload,
        reason=reason,
        deliveries=deliveries,
    )
