"""Receipts applied until each has its answer: what is put off is applied again."""

from collections.abc import Sequence

from adapters.postgres.receipts import AppliedReceipt, ReceiptStore, Unapplied
from messages.correlations import ReceiptRow, SegmentKey


async def applied_in_the_end(
    store: ReceiptStore, receipts: Sequence[ReceiptRow], settled: Sequence[SegmentKey] = ()
) -> list[AppliedReceipt | None]:
    """In the order of the receipts; None where no segment has the id."""
    answers = await store.apply(receipts, settled)
    while put_off := [position for position, answer in enumerate(answers) if answer is Unapplied.PUT_OFF]:
        again = await store.apply([receipts[position] for position in put_off])
        for position, answer in zip(put_off, again, strict=True):
            answers[position] = answer
    return [answer if isinstance(answer, AppliedReceipt) else None for answer in answers]
