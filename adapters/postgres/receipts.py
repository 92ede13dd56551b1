"""Receipts applied to the correlations of their segments."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from adapters.postgres.columns import boolean_array, text_array
from adapters.postgres.connection import Call, Parameters, PostgresConnection
from adapters.postgres.correlations import key_columns
from adapters.postgres.rows import STATUSES, read_segment, read_verdicts
from adapters.postgres.statements import statement
from messages.correlations import ReceiptRow, SegmentKey, StoredSegment
from messages.events import DeliveryStatus


class AppliedReceipt(Struct, frozen=True):
    """A receipt that found its segment.

    segment: as it is now. changed: by this receipt. One that is late, repeated or overtaken changes nothing; if it is
    final and `segment` not settled, the event of the segment's own final status may never have been published.
    """

    segment: StoredSegment
    previous_status: DeliveryStatus
    changed: bool


class ReceiptStore:
    """The table message_correlations for whoever publishes receipts.

    Its methods may be repeated, and raise DatabaseUnavailable or DatabaseRefused.
    """

    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection

    async def apply(
        self, receipts: Sequence[ReceiptRow], settled: Sequence[SegmentKey] = ()
    ) -> list[AppliedReceipt | None]:
        """Apply receipts in their order; None where no segment has the receipt's id (yet).

        settled: segments whose final event NATS has confirmed since the last call. It is one round trip and one
        transaction; one more for each further status that a segment gets in the same batch, and where another replica
        was at the same segment.
        """
        answers: dict[int, AppliedReceipt] = {}
        firsts = _first_of_equals(receipts)
        pending = sorted({first for first in firsts if receipts[first].smsc_message_id_key})
        while pending or settled:
            turn, later = _one_per_segment(receipts, pending)
            applied, raced = await self._apply_distinct([receipts[position] for position in turn], settled)
            answers |= {turn[index]: answer for index, answer in applied.items()}
            pending = sorted([turn[index] for index in raced] + later)
            settled = ()
        return [_answer(position, first, answers) for position, first in enumerate(firsts)]

    async def flush_settled(self, settled: Sequence[SegmentKey]) -> None:
        """Settle segments when no receipts come that could take them along."""
        if settled:
            await self._connection.run(_settling(settled))

    async def _apply_distinct(
        self, receipts: Sequence[ReceiptRow], settled: Sequence[SegmentKey]
    ) -> tuple[dict[int, AppliedReceipt], list[int]]:
        """Answers by index, and the indexes to try again because another replica came in between."""
        *_, rows, _, verdict_rows = await self._connection.run(
            *([_settling(settled)] if settled else []),
            (statement("apply_receipts"), _columns(receipts)),
            (statement("lock_messages"), ()),
            (statement("conclude_messages"), ()),
        )
        verdicts = read_verdicts(verdict_rows)
        applied = {
            position - 1: AppliedReceipt(read_segment(columns, verdicts), STATUSES[previous_status], changed)
            for _, position, changed, previous_status, *columns in rows
            if position is not None
        }
        found = rows[0][0]
        raced = [index for index in range(len(receipts)) if index not in applied] if len(applied) < found else []
        return applied, raced


def _first_of_equals(receipts: Sequence[ReceiptRow]) -> list[int]:
    """For each receipt the position of the first one that says the same: an SMSC in a loop costs one statement."""
    firsts: dict[tuple[str, str, DeliveryStatus, bool], int] = {}
    return [
        firsts.setdefault((receipt.operator_id, receipt.smsc_message_id_key, receipt.status, receipt.final), position)
        for position, receipt in enumerate(receipts)
    ]


def _one_per_segment(receipts: Sequence[ReceiptRow], positions: Sequence[int]) -> tuple[list[int], list[int]]:
    """The first position of each segment, and the others."""
    turn: dict[tuple[str, str], int] = {}
    for position in positions:
        turn.setdefault((receipts[position].operator_id, receipts[position].smsc_message_id_key), position)
    chosen = set(turn.values())
    return list(turn.values()), [position for position in positions if position not in chosen]


def _answer(position: int, first: int, answers: Mapping[int, AppliedReceipt]) -> AppliedReceipt | None:
    answer = answers.get(first)
    if answer is None or position == first:
        return answer
    return AppliedReceipt(answer.segment, previous_status=answer.segment.status, changed=False)


def _settling(settled: Sequence[SegmentKey]) -> Call:
    return statement("settle_segments"), key_columns(settled)


def _columns(receipts: Sequence[ReceiptRow]) -> Parameters:
    return (
        text_array([receipt.operator_id for receipt in receipts]),
        text_array([receipt.smsc_message_id_key for receipt in receipts]),
        text_array([receipt.status.value for receipt in receipts]),
        boolean_array([receipt.final for receipt in receipts]),
    )
