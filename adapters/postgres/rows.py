"""What the statements answer, as values. Its types, and those of what goes in, are in messages/correlations.py."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from messages.correlations import SegmentState, StoredSegment
from messages.events import DeliveryStatus

STATUSES = {status.value: status for status in DeliveryStatus}
"""By what the tables hold; several times faster than DeliveryStatus(value)."""

_decode_metadata = msgspec.json.Decoder(dict[str, str]).decode
_decode_states = msgspec.json.Decoder(tuple[SegmentState, ...]).decode


class Verdict(NamedTuple):
    """What conclude_messages.sql says of a message."""

    concluding_segment: int | None
    states: tuple[SegmentState, ...]


Verdicts = Mapping[tuple[str, str], Verdict]


def read_verdicts(rows: Sequence[tuple[Any, ...]]) -> Verdicts:
    """From the rows of conclude_messages.sql, by message_id and operator_id: messages of several segments only."""
    return {
        (message_id, operator_id): Verdict(concluding_segment, _decode_states(states))
        for message_id, operator_id, concluding_segment, states in rows
    }


def read_segment(columns: Sequence[Any], verdicts: Verdicts) -> StoredSegment:
    """From the fourteen columns that every statement gives of a segment."""
    (
        message_id, operator_id, segment, segments, smsc_message_id, status, final, settled,
        request_dlr, submitted_at, metadata, traceparent, possibly_repeated, transliterated,
    ) = columns  # fmt: skip
    known_status = STATUSES[status]
    verdict = verdicts.get((message_id, operator_id)) or _own_verdict(segment, known_status, final)
    return StoredSegment(
        message_id=message_id,
        operator_id=operator_id,
        segment=segment,
        segments=segments,
        smsc_message_id=smsc_message_id,
        status=known_status,
        final=final,
        settled=settled,
        concludes=verdict.concluding_segment == segment,
        request_dlr=request_dlr,
        submitted_at=submitted_at,
        metadata=_decode_metadata(metadata),
        traceparent=traceparent,
        states=verdict.states,
        possibly_repeated=possibly_repeated,
        transliterated=transliterated,
    )


def _own_verdict(segment: int, status: DeliveryStatus, final: bool) -> Verdict:
    """Of a message of one segment."""
    return Verdict(segment if final else None, (SegmentState(segment, status, final),))
