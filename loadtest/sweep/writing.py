"""The write path of the service under a steady load: how long each commit takes, counted from when it was due."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.postgres.connection import PostgresConnection
from adapters.postgres.correlations import CorrelationStore
from messages.correlations import CorrelationRow
from messages.events import DeliveryStatus

ROWS_PER_S = 500
ROWS = 10  # of one commit, as much as the CorrelationWriter gathers in 20 ms
RECEIPT_TTL_S = 72 * 3600.0


class SteadyWriter:
    """Writes correlations as the CorrelationWriter does, on a schedule that waits for nobody."""

    def __init__(self, dsn: str) -> None:
        self._connection = PostgresConnection(dsn, "bench writer")
        self._store = CorrelationStore(self._connection)
        self.took_ms: list[float] = []
        """Of each commit, in their order."""
        self._stopping = False

    @property
    def rows(self) -> int:
        return len(self.took_ms) * ROWS

    async def work(self) -> None:
        """Until it is stopped, between two commits."""
        due = time.monotonic()
        while not self._stopping:
            due += ROWS / ROWS_PER_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self._store.write([_row(self.rows + index) for index in range(ROWS)])
            self.took_ms.append((time.monotonic() - due) * 1000)

    def stop(self) -> None:
        self._stopping = True

    async def close(self) -> None:
        await self._connection.close()


@asynccontextmanager
async def writing(dsn: str) -> AsyncIterator[SteadyWriter]:
    """A writer at work; what it counts when the block has ended is what is stored."""
    writer = SteadyWriter(dsn)
    work = asyncio.create_task(writer.work())
    try:
        yield writer
    finally:
        writer.stop()
        await work
        await writer.close()


def _row(number: int) -> CorrelationRow:
    return CorrelationRow(
        message_id=f"written-{number:012d}",
        operator_id="op-1",
        segment=1,
        segments=1,
        status=DeliveryStatus.ACCEPTED,
        final=False,
        request_dlr=True,
        expires_at=time.time() + RECEIPT_TTL_S,
        submitted_at=time.time(),
        smsc_message_id=f"w{number}",
        smsc_message_id_key=f"w{number}",
    )
