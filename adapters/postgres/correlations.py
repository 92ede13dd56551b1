"""The correlations of segments with their SMSC's ids: written at the submit_sm_resp, expired, swept."""

from collections.abc import Sequence

import msgspec

from adapters.postgres.columns import boolean_array, number_array, optional_number_array, text_array
from adapters.postgres.connection import Parameters, PostgresConnection
from adapters.postgres.rows import read_segment, read_verdicts
from adapters.postgres.statements import statement
from messages.correlations import CorrelationRow, SegmentKey, StoredSegment
from messages.lanes import AcceptedSegment

CLAIM_S = 300.0
"""Time for publishing the event of an expired segment before another replica takes it over."""

ABANDONED_AFTER_S = 30 * 86400.0
"""A message that was never concluded, because one of its segments never came, is swept so long after its expiry."""


class CorrelationStore:
    """The table message_correlations, for whoever submits and for whoever cleans up.

    Every method is one transaction and one round trip, may be repeated, and raises DatabaseUnavailable or
    DatabaseRefused.
    """

    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection

    async def write(self, rows: Sequence[CorrelationRow]) -> None:
        """Remember segments that the operator accepted and whose receipt is awaited; committed when it returns.

        A second row for a segment (sent again after an unknown outcome) changes nothing, but for the smsc_message_id
        where the first had none: the receipt of the first may have come and its event be out, and the status that it
        gave is not taken back. Receipts for the second id of a segment accepted twice stay unmatched.
        """
        if any(row.final for row in rows):
            raise ValueError("a segment that is final from the start belongs to write_concluded")
        await self._connection.run((statement("write_correlations"), _columns(rows)))

    async def write_concluded(self, rows: Sequence[CorrelationRow]) -> list[StoredSegment]:
        """Remember segments that are final at once: refused, expired unsent, or accepted with request_dlr false.

        Returns them as they are stored, in the order of `rows`. A segment that was there before is returned unchanged:
        then either this is a repetition, or its receipt decides.
        """
        if not all(row.final for row in rows):
            raise ValueError("a segment that waits for its receipt belongs to write")
        *_, verdict_rows, segment_rows = await self._connection.run(
            (statement("write_concluded"), _columns(rows)),
            (statement("lock_messages"), ()),
            (statement("conclude_messages"), ()),
            (statement("read_segments"), key_columns(rows)),
        )
        verdicts = read_verdicts(verdict_rows)
        return [read_segment(row, verdicts) for row in segment_rows]

    async def note_unanswered(self, segments: Sequence[SegmentKey]) -> None:
        """Remember segments whose submit_sm went out and had no answer; committed when it returns."""
        await self._connection.run((statement("note_unanswered"), key_columns(segments)))

    async def sent_segments(
        self, operator_id: str, message_ids: Sequence[str]
    ) -> tuple[list[AcceptedSegment], list[SegmentKey]]:
        """Of these messages the segments that need no other submit_sm, and those that once had no answer to theirs;
        by message in the order given, then by segment."""
        wanted = (operator_id, text_array(message_ids))
        accepted, unanswered = await self._connection.run(
            (statement("find_accepted_segments"), wanted), (statement("find_unanswered_segments"), wanted)
        )
        return [AcceptedSegment(*row) for row in accepted], [SegmentKey(*row) for row in unanswered]

    async def expire(self, limit: int) -> list[StoredSegment]:
        """Up to `limit` segments whose expires_at has passed and whose final event is not settled, oldest first.

        Those without a final status have become UNKNOWN. They are claimed for CLAIM_S: whoever gets them publishes
        their events and settles them; what is not settled then is returned again, to whoever asks. It passes by the
        settled rows that no sweep has deleted yet: sweep first.
        """
        rows, _, verdict_rows = await self._connection.run(
            (statement("expire_segments"), (limit, CLAIM_S)),
            (statement("lock_messages"), ()),
            (statement("conclude_messages"), ()),
        )
        verdicts = read_verdicts(verdict_rows)
        return [read_segment(row, verdicts) for row in rows if row[0] is not None]

    async def sweep(self, batch: int) -> int:
        """Delete about `batch` expired segments whose events are settled; returns how many, 0 when none is left.

        Messages of several segments go as a whole, so that it can be some more. Old notes of unanswered submits go
        along and do not count.
        """
        ((count,),), _ = await self._connection.run(
            (statement("sweep"), (batch, ABANDONED_AFTER_S)),
            (statement("forget_unanswered"), (batch, ABANDONED_AFTER_S)),
        )
        return int(count)


def key_columns(keys: Sequence[SegmentKey] | Sequence[CorrelationRow]) -> Parameters:
    """message_id, operator_id, segment."""
    return (
        text_array([key.message_id for key in keys]),
        text_array([key.operator_id for key in keys]),
        number_array([key.segment for key in keys]),
    )


def _columns(rows: Sequence[CorrelationRow]) -> Parameters:
    return (
        text_array([row.operator_id for row in rows]),
        text_array([row.smsc_message_id for row in rows]),
        text_array([row.smsc_message_id_key for row in rows]),
        text_array([row.message_id for row in rows]),
        number_array([row.segment for row in rows]),
        number_array([row.segments for row in rows]),
        text_array([row.status.value for row in rows]),
        boolean_array([row.request_dlr for row in rows]),
        optional_number_array([row.submitted_at for row in rows]),
        number_array([row.expires_at for row in rows]),
        text_array([_json(row.metadata) for row in rows]),
        text_array([row.traceparent for row in rows]),
        boolean_array([row.possibly_repeated for row in rows]),
    )


def _json(metadata: dict[str, str]) -> str:
    return msgspec.json.encode(metadata).decode() if metadata else "{}"
