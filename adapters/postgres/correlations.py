"""The correlations of segments with their SMSC's ids: written at the submit_sm_resp, expired, swept."""

from collections.abc import Sequence

import msgspec

from adapters.postgres.columns import boolean_array, number_array, optional_number_array, text_array
from adapters.postgres.connection import Call, Parameters, PostgresConnection, Row
from adapters.postgres.rows import read_segment, read_verdicts
from adapters.postgres.statements import statement
from messages.correlations import CorrelationRow, SegmentKey, StoredSegment, UnansweredSegment
from messages.lanes import SentSegment

CLAIM_S = 300.0
"""Time for publishing the event of an expired segment before another replica takes it over."""

ABANDONED_AFTER_S = 30 * 86400.0
"""A message that was never concluded, because one of its segments never came, is swept so long after its expiry."""


OLDEST = "-infinity"  # of timestamptz


class CorrelationStore:
    """The table message_correlations, for whoever submits and for whoever cleans up.

    Every method is one transaction and one round trip (`sweep` two, now and then), may be repeated, and raises
    DatabaseUnavailable or DatabaseRefused.
    """

    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection
        self._swept_until = OLDEST

    async def write(
        self,
        rows: Sequence[CorrelationRow],
        settled: Sequence[SegmentKey] = (),
        unanswered: Sequence[UnansweredSegment] = (),
    ) -> list[StoredSegment]:
        """Remember segments; committed when it returns.

        Of segments that the operator accepted and whose receipt is awaited, a second row (sent again after an unknown
        outcome) changes nothing, but for the smsc_message_id where the first had none: the receipt of the first may
        have come and its event be out, and the status that it gave is not taken back. Receipts for the second id of a
        segment accepted twice stay unmatched.

        Segments that are final at once (refused, expired unsent, or accepted with request_dlr false) are returned as
        they are stored, in the order of `rows`. One that was there before is returned unchanged: then either this is a
        repetition, or its receipt decides.

        settled: segments whose final event NATS has confirmed. unanswered: those whose submit_sm went out and had no
        answer.
        """
        awaited, ended = [row for row in rows if not row.final], [row for row in rows if row.final]
        calls = [settling(settled)] if settled else []
        if unanswered:
            calls.append((statement("note_unanswered"), _columns_of_unanswered(unanswered)))
        if awaited:
            calls.append((statement("write_correlations"), _columns(awaited)))
        if not ended:
            await self._run(calls)
            return []
        *_, verdict_rows, segment_rows = await self._connection.run(
            *calls,
            (statement("write_concluded"), _columns(ended)),
            (statement("lock_messages"), ()),
            (statement("conclude_messages"), ()),
            (statement("read_segments"), key_columns(ended)),
        )
        verdicts = read_verdicts(verdict_rows)
        return [read_segment(row, verdicts) for row in segment_rows]

    async def sent_segments(
        self, queries: Sequence[tuple[str, Sequence[str]]]
    ) -> list[tuple[list[SentSegment], list[SentSegment]]]:
        """Of each operator_id with its message_ids: the segments that need no other submit_sm, and those that once had
        no answer to theirs; by message in the order given, then by segment."""
        names = ("find_accepted_segments", "find_unanswered_segments")
        wanted = [(operator_id, text_array(message_ids)) for operator_id, message_ids in queries]
        answers = await self._run([(statement(name), of_one) for of_one in wanted for name in names])
        return [
            ([SentSegment(*row) for row in accepted], [SentSegment(*row) for row in unanswered])
            for accepted, unanswered in zip(answers[::2], answers[1::2], strict=True)
        ]

    async def expire(self, limit: int) -> list[StoredSegment]:
        """Up to `limit` segments whose expires_at has passed and whose final event is not settled, oldest first.

        Those without a final status have become UNKNOWN. They are claimed for CLAIM_S: whoever gets them publishes
        their events and settles them; what is not settled then is returned again, to whoever asks. It walks past the
        settled rows that no sweep has deleted yet: where those are millions it is unavailable until they are fewer.
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
        along and do not count. Each call goes on where the one before ended; the last begins with the oldest again, for
        what others had locked.
        """
        count = await self._sweep(batch)
        if not count and self._swept_until != OLDEST:
            self._swept_until = OLDEST
            count = await self._sweep(batch)
        return count

    async def _sweep(self, batch: int) -> int:
        _, ((count, reached),), _ = await self._connection.run(
            (statement("commit_at_leisure"), ()),
            (statement("sweep"), (batch, ABANDONED_AFTER_S, self._swept_until)),
            (statement("forget_unanswered"), (batch, ABANDONED_AFTER_S)),
        )
        if count:
            self._swept_until = reached
        return int(count)

    async def _run(self, calls: Sequence[Call]) -> list[list[Row]]:
        return await self._connection.run(*calls) if calls else []


def settling(settled: Sequence[SegmentKey]) -> Call:
    """The statement for segments whose final event NATS has confirmed."""
    return statement("settle_segments"), key_columns(settled)


def key_columns(
    keys: Sequence[SegmentKey] | Sequence[CorrelationRow] | Sequence[UnansweredSegment],
) -> Parameters:
    """message_id, operator_id, segment."""
    return (
        text_array([key.message_id for key in keys]),
        text_array([key.operator_id for key in keys]),
        number_array([key.segment for key in keys]),
    )


def _columns_of_unanswered(segments: Sequence[UnansweredSegment]) -> Parameters:
    numbers, layouts = [one.segments for one in segments], [one.layout for one in segments]
    return (*key_columns(segments), number_array(numbers), text_array(layouts))


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
        boolean_array([row.transliterated for row in rows]),
        text_array([row.layout for row in rows]),
    )


def _json(metadata: dict[str, str]) -> str:
    return msgspec.json.encode(metadata).decode() if metadata else "{}"
