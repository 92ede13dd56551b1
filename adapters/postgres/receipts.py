"""Receipts applied to the correlations of their segments."""

from collections.abc import Mapping, Sequence
from enum import Enum

from msgspec import Struct

from adapters.postgres.columns import boolean_array, text_array
from adapters.postgres.connection import Parameters, PostgresConnection
from adapters.postgres.correlations import settling
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


class Unapplied(Enum):
    """Why a receipt has not found its segment."""

    NOT_FOUND = "no segment has its id, yet"
    PUT_OFF = "another receipt was at its segment, in this call or by another replica: to be applied again, at once"
    REFUSED = "the database does not take it, and never will"


class ReceiptStore:
    """The table message_correlations for whoever publishes receipts.

    Each method is one transaction and one round trip, may be repeated, and raises DatabaseUnavailable or
    DatabaseRefused.
    """

    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection

    async def apply(
        self, receipts: Sequence[ReceiptRow], settled: Sequence[SegmentKey] = ()
    ) -> list[AppliedReceipt | Unapplied]:
        """Apply receipts, one to each segment; further ones for it that say something else are put off.

        settled: segments whose final event NATS has confirmed since the last call.
        """
        firsts = _first_of_each_segment(receipts)
        if not firsts:
            await self.flush_settled(settled)
            return [Unapplied.NOT_FOUND] * len(receipts)
        answers = await self._apply_distinct([receipts[position] for position in firsts.values()], settled)
        by_segment = dict(zip(firsts, answers, strict=True))
        return [_answer(position, receipts, firsts, by_segment) for position in range(len(receipts))]

    async def flush_settled(self, settled: Sequence[SegmentKey]) -> None:
        """Settle segments when no receipts come that could take them along."""
        if settled:
            await self._connection.run(settling(settled))

    async def _apply_distinct(
        self, receipts: Sequence[ReceiptRow], settled: Sequence[SegmentKey]
    ) -> list[AppliedReceipt | Unapplied]:
        *_, rows, _, verdict_rows = await self._connection.run(
            *([settling(settled)] if settled else []),
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
        missing = Unapplied.PUT_OFF if len(applied) < found else Unapplied.NOT_FOUND
        return [applied.get(index, missing) for index in range(len(receipts))]


Segment = tuple[str, str]
"""operator_id and smsc_message_id_key."""


def _segment(receipt: ReceiptRow) -> Segment:
    return receipt.operator_id, receipt.smsc_message_id_key


def _first_of_each_segment(receipts: Sequence[ReceiptRow]) -> dict[Segment, int]:
    """The position of the first receipt of each segment; without an id there is none."""
    firsts: dict[Segment, int] = {}
    for position, receipt in enumerate(receipts):
        if receipt.smsc_message_id_key:
            firsts.setdefault(_segment(receipt), position)
    return firsts


def _answer(
    position: int,
    receipts: Sequence[ReceiptRow],
    firsts: Mapping[Segment, int],
    answers: Mapping[Segment, AppliedReceipt | Unapplied],
) -> AppliedReceipt | Unapplied:
    """What says the same as the first one of its segment is answered with it: an SMSC in a loop costs one statement."""
    receipt = receipts[position]
    answer = answers.get(_segment(receipt), Unapplied.NOT_FOUND)
    if not isinstance(answer, AppliedReceipt):
        return answer
    first = receipts[firsts[_segment(receipt)]]
    if position == firsts[_segment(receipt)]:
        return answer
    if (receipt.status, receipt.final) != (first.status, first.final):
        return Unapplied.PUT_OFF
    return AppliedReceipt(answer.segment, previous_status=answer.segment.status, changed=False)


def _columns(receipts: Sequence[ReceiptRow]) -> Parameters:
    return (
        text_array([receipt.operator_id for receipt in receipts]),
        text_array([receipt.smsc_message_id_key for receipt in receipts]),
        text_array([receipt.status.value for receipt in receipts]),
        boolean_array([receipt.final for receipt in receipts]),
    )
