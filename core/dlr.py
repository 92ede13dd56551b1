"""DlrInboundEvents from what the database knows of a segment and its message."""

from hashlib import blake2b
from urllib.parse import quote

from msgspec import UNSET

from core.verdict import message_status
from core.wall_clock import rfc3339
from messages.correlations import ReceiptRow, StoredSegment
from messages.events import DeliveryStatus, DlrInboundEvent, DlrSource
from smpp.constants import status_name


def tells_news(segment: StoredSegment, *, changed: bool) -> bool:
    """Whether a receipt for this segment is to be published: it moved the segment forward, or it repeats a final one
    whose event may have been lost in a crash."""
    return changed or (segment.final and not segment.settled)


def receipt_event(segment: StoredSegment, receipt: ReceiptRow) -> DlrInboundEvent:
    """The event of a receipt that moved its segment forward, or repeats what was not confirmed before."""
    return _event(
        segment,
        DlrSource.DELIVER_SM,
        received_at=receipt.received_at,
        stat=receipt.stat,
        error_code=receipt.error_code,
        done_at=receipt.done_at or None,
    )


def conclusion_event(segment: StoredSegment, source: DlrSource, now: float, command_status: int = 0) -> DlrInboundEvent:
    """The event of a segment that ended without a receipt: refused with this status, expired, or none asked for."""
    if not command_status:
        return _event(segment, source, received_at=now)
    stat, name = f"0x{command_status:08x}", status_name(command_status)
    return _event(segment, source, received_at=now, stat=stat, error_code=name)


def unmatched_event(receipt: ReceiptRow) -> DlrInboundEvent:
    """For a receipt that names no message, or one that nobody knows by its deadline: message_id is empty, and no
    message ends by it."""
    received_at = rfc3339(receipt.received_at)
    return DlrInboundEvent(
        event_id=f"{receipt.operator_id}.unmatched.{_what_it_names(receipt)}.{receipt.status.value}.{received_at}",
        message_id="",
        operator_id=receipt.operator_id,
        smsc_message_id=receipt.smsc_message_id,
        status=receipt.status,
        stat=receipt.stat,
        error_code=receipt.error_code,
        segment=1,
        segments=1,
        final=False,
        message_status=receipt.status,
        submitted_at=None,
        done_at=receipt.done_at or None,
        received_at=received_at,
        source=DlrSource.DELIVER_SM,
        metadata={},
        raw=UNSET if receipt.smsc_message_id_key else receipt.raw,
    )


def _what_it_names(receipt: ReceiptRow) -> str:
    """Of an event_id, which becomes a header, while an SMSC's id may hold any octet."""
    if receipt.smsc_message_id_key:
        return quote(receipt.smsc_message_id, safe="")
    return "raw-" + blake2b(receipt.raw.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _event(
    segment: StoredSegment,
    source: DlrSource,
    *,
    received_at: float,
    stat: str = "",
    error_code: str = "",
    done_at: str | None = None,
) -> DlrInboundEvent:
    return DlrInboundEvent(
        event_id=_event_id(segment),
        message_id=segment.message_id,
        operator_id=segment.operator_id,
        smsc_message_id=segment.smsc_message_id,
        status=segment.status,
        stat=stat,
        error_code=error_code,
        segment=segment.segment,
        segments=segment.segments,
        final=segment.concludes,
        message_status=_message_status(segment),
        submitted_at=rfc3339(segment.submitted_at) if segment.submitted_at is not None else None,
        done_at=done_at,
        received_at=rfc3339(received_at),
        source=source,
        metadata=segment.metadata,
        possibly_repeated=_possibly_repeated(segment),
        transliterated=segment.transliterated,
    )


def _event_id(segment: StoredSegment) -> str:
    """The same each time, so that NATS drops a repeat."""
    ending = "final" if segment.concludes else f"{segment.segment}.{segment.status.value}"
    return f"{segment.operator_id}.{segment.message_id}.{ending}"


def _possibly_repeated(segment: StoredSegment) -> bool:
    if not segment.concludes:
        return segment.possibly_repeated
    return segment.possibly_repeated or any(state.possibly_repeated for state in segment.states)


def _message_status(segment: StoredSegment) -> DeliveryStatus:
    if segment.segments == 1:
        return segment.status
    stored = [state.status for state in segment.states]
    missing = [DeliveryStatus.ENROUTE] * (segment.segments - len(stored))
    return message_status(stored + missing)
