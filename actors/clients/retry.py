"""Waiting for a server that is away, for work that must not be given up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from adapters.telemetry.logs import log_event
from core.backoff import Backoff

FIRST_S, MOST_S = 0.2, 5.0

Result = TypeVar("Result")

log = logging.getLogger(__name__)


async def until_available(work: Callable[[], Awaitable[Result]], unavailable: type[Exception]) -> Result:
    """Its result, tried again with a growing pause for as long as it raises `unavailable`."""
    backoff = Backoff(FIRST_S, MOST_S)
    while True:
        try:
            return await work()
        except unavailable as error:
            delay_s = backoff.next_s()
            log_event(log, logging.WARNING, "server_unavailable", str(error), retry_in_s=round(delay_s, 1))
            await asyncio.sleep(delay_s)
