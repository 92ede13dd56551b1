"""Receipts applied to their segments, none held up by another that the database does not take."""

import logging
from collections.abc import Sequence
from functools import partial
from itertools import chain

from actors.clients.row_by_row import store_each
from adapters.postgres.receipts import AppliedReceipt, ReceiptStore, Unapplied
from adapters.postgres.unmatched import UnmatchedReceipts
from adapters.telemetry.logs import log_event
from messages.correlations import ReceiptRow, SegmentKey

log = logging.getLogger(__name__)


async def apply_each(
    store: ReceiptStore, receipts: Sequence[ReceiptRow], settled: Sequence[SegmentKey] = ()
) -> list[AppliedReceipt | Unapplied]:
    """As ReceiptStore.apply, in the order of the receipts; waits for the database. What it refuses is REFUSED."""
    stored = await store_each(partial(store.apply, settled=settled), receipts)
    refused = _told(stored.refused)
    answers = chain.from_iterable(stored.results)
    return [Unapplied.REFUSED if id(receipt) in refused else next(answers) for receipt in receipts]


async def park_each(store: UnmatchedReceipts, receipts: Sequence[ReceiptRow]) -> list[ReceiptRow]:
    """As UnmatchedReceipts.park; waits for the database. Returns those that it refuses."""
    stored = await store_each(store.park, receipts)
    refused = _told(stored.refused)
    return [receipt for receipt in receipts if id(receipt) in refused]


def _told(refused: Sequence[tuple[ReceiptRow, str]]) -> set[int]:
    """Which they are: two receipts may say the same."""
    for receipt, reason in refused:
        log_event(log, logging.ERROR, "receipt_refused", reason, operator_id=receipt.operator_id)
    return {id(receipt) for receipt, _reason in refused}
