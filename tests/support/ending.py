"""Tasks ended for certain."""

import asyncio
from collections.abc import Iterable
from typing import Any

LOOK_S = 0.05


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels until each has ended, for Python 3.11 may lose a cancellation that comes together with an answer."""
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _ended, running = await asyncio.wait(running, timeout=LOOK_S)
