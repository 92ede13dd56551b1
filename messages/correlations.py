"""What is remembered of each segment, as it goes to the database and comes back. Times are seconds since the epoch."""

from typing import NamedTuple

from msgspec import Struct

from messages.events import DeliveryStatus


class SegmentKey(NamedTuple):
    """What identifies a segment."""

    message_id: str
    operator_id: str
    segment: int


class CorrelationRow(Struct, frozen=True, kw_only=True):
    """One segment to remember.

    segment: 1..segments. smsc_message_id: as received, empty where the SMSC gave none; smsc_message_id_key: normalised
    by the operator's rule. final: no receipt will change `status`. submitted_at: None where it was never sent.
    expires_at: when the wait for its receipt ends, and from when on it may be swept. possibly_repeated: an earlier
    submit_sm of it had no answer, so that the SMSC may have it twice. transliterated: its text was altered. layout: how
    the message was cut into segments and numbered (`core/layout.py`); empty where there is one.
    """

    message_id: str
    operator_id: str
    segment: int
    segments: int
    status: DeliveryStatus
    final: bool
    request_dlr: bool
    expires_at: float
    submitted_at: float | None = None
    smsc_message_id: str = ""
    smsc_message_id_key: str = ""
    metadata: dict[str, str] = {}
    traceparent: str = ""
    possibly_repeated: bool = False
    transliterated: bool = False
    layout: str = ""


class UnansweredSegment(Struct, frozen=True, array_like=True):
    """One whose submit_sm went out and had no answer. segments, layout: as in CorrelationRow."""

    message_id: str
    operator_id: str
    segment: int
    segments: int = 1
    layout: str = ""


class ReceiptRow(Struct, frozen=True, kw_only=True):
    """A receipt as far as it matters here.

    smsc_message_id_key: empty where it names no message; then raw is its text, which may be personal. done_at: RFC
    3339, empty where the SMSC did not say.
    """

    operator_id: str
    smsc_message_id: str
    smsc_message_id_key: str
    status: DeliveryStatus
    final: bool
    stat: str
    error_code: str
    done_at: str
    received_at: float
    raw: str = ""

    def __repr__(self) -> str:
        return f"ReceiptRow(smsc_message_id={self.smsc_message_id!r}, status={self.status.value})"


class SegmentState(Struct, frozen=True, array_like=True):
    """Where one segment of a message stands."""

    segment: int
    status: DeliveryStatus
    final: bool
    possibly_repeated: bool = False


class StoredSegment(Struct, frozen=True, kw_only=True):
    """A segment as it stands in the database after a call.

    settled: the event of its final status has been confirmed. concludes: its final status was the last of the message,
    so that its event is the final one of the message; true of exactly one segment. states: of all segments of the
    message that are stored, in their order.
    """

    message_id: str
    operator_id: str
    segment: int
    segments: int
    smsc_message_id: str
    status: DeliveryStatus
    final: bool
    settled: bool
    concludes: bool
    request_dlr: bool
    submitted_at: float | None
    metadata: dict[str, str]
    traceparent: str
    states: tuple[SegmentState, ...]
    possibly_repeated: bool = False
    transliterated: bool = False

    @property
    def key(self) -> SegmentKey:
        """For settling it."""
        return SegmentKey(self.message_id, self.operator_id, self.segment)
