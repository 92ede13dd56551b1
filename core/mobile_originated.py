"""sms.mo.inbound events from what handsets sent."""

from core.wall_clock import rfc3339
from messages.events import MoInboundEvent
from smpp.text import Encoding, decode_text


def mo_event(
    event_id: str, operator_id: str, source: str, to: str, content: bytes, encoding: Encoding, parts: int, at: float
) -> MoInboundEvent:
    """content: of all parts together. at: seconds since the epoch, of the first part."""
    is_binary = encoding is Encoding.BINARY
    return MoInboundEvent(
        event_id=event_id,
        operator_id=operator_id,
        source=source,
        to=to,
        encoding=encoding.value,
        segments=parts,
        received_at=rfc3339(at),
        text=None if is_binary else decode_text(content, encoding),
        data=content if is_binary else None,
    )
