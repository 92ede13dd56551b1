"""Receipts that came before their correlation: parked, tried again with growing delay, given up at a deadline."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from adapters.postgres.columns import boolean_array, number_array, text_array
from adapters.postgres.connection import Parameters, PostgresConnection
from adapters.postgres.rows import STATUSES
from adapters.postgres.statements import statement
from messages.correlations import ReceiptRow

UNMATCHED_DEADLINE_S = 3600.0
"""How long a receipt waits for its correlation before it is published as unmatched."""

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 60.0
"""A parked receipt is tried again after 1 s, then each time after twice the delay before, at most after 60 s."""


class DueReceipt(Struct, frozen=True):
    """A parked receipt to try again. attempts: with this one. overdue: its deadline has passed."""

    receipt_id: int
    receipt: ReceiptRow
    attempts: int
    overdue: bool


class UnmatchedReceipts:
    """The table unmatched_receipts. Its methods may be repeated, and raise DatabaseUnavailable or DatabaseRefused."""

    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection

    async def park(self, receipts: Sequence[ReceiptRow]) -> None:
        """Keep receipts without a correlation; committed when it returns. A repetition may keep them twice."""
        if receipts:
            await self._connection.run((statement("park_receipts"), _columns(receipts)))

    async def take_due(self, limit: int) -> list[DueReceipt]:
        """Up to `limit` receipts whose retry is due, oldest first; of several replicas one gets each."""
        (rows,) = await self._connection.run((statement("take_due_receipts"), (limit, LONGEST_RETRY_S)))
        return [_read_due(*row) for row in rows]

    async def forget(self, receipt_ids: Sequence[int]) -> None:
        """Delete receipts that are resolved, or published as unmatched."""
        if receipt_ids:
            await self._connection.run((statement("forget_receipts"), (number_array(receipt_ids),)))

    async def count_unmatched(self) -> dict[str, int]:
        """How many are parked, by operator_id; without the operators that have none."""
        (rows,) = await self._connection.run((statement("count_unmatched"), ()))
        return dict(rows)


def _columns(receipts: Sequence[ReceiptRow]) -> Parameters:
    return (
        text_array([receipt.operator_id for receipt in receipts]),
        text_array([receipt.smsc_message_id for receipt in receipts]),
        text_array([receipt.smsc_message_id_key for receipt in receipts]),
        text_array([receipt.status.value for receipt in receipts]),
        boolean_array([receipt.final for receipt in receipts]),
        text_array([receipt.stat for receipt in receipts]),
        text_array([receipt.error_code for receipt in receipts]),
        text_array([receipt.done_at for receipt in receipts]),
        number_array([receipt.received_at for receipt in receipts]),
        FIRST_RETRY_S,
        UNMATCHED_DEADLINE_S,
    )


def _read_due(receipt_id: int, attempts: int, overdue: bool, *columns: Any) -> DueReceipt:
    operator_id, smsc_message_id, smsc_message_id_key, status, final, stat, error_code, done_at, received_at = columns
    receipt = ReceiptRow(
        operator_id=operator_id,
        smsc_message_id=smsc_message_id,
        smsc_message_id_key=smsc_message_id_key,
        status=STATUSES[status],
        final=final,
        stat=stat,
        error_code=error_code,
        done_at=done_at,
        received_at=received_at,
    )
    return DueReceipt(receipt_id, receipt, attempts, overdue)
