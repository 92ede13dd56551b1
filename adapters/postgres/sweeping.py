"""How hard a sweep may work: whoever writes to the same table comes first (docs/decisions/0026)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

BATCH = 500  # rows; a transaction of some 20 ms
RESTS = 1.0  # times as long as a batch took: a busy server is left alone for longer
MOST_REST_S = 5.0


def rest_s(took_s: float) -> float:
    """Seconds to leave the database alone after a batch that took so long."""
    return min(RESTS * took_s, MOST_REST_S)


async def swept_batches(sweep: Callable[[], Awaitable[int]]) -> AsyncIterator[int]:
    """How many rows each call of `sweep` has removed, with rests between, until it finds none. Raises what it does."""
    while True:
        started_at = time.monotonic()
        swept = await sweep()
        if not swept:
            return
        yield swept
        await asyncio.sleep(rest_s(time.monotonic() - started_at))
