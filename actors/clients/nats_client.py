"""A NATS client for an actor: waits with backoff until a server answers."""

import asyncio
import logging
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError

from actors.runtime.surroundings import surroundings
from adapters.nats.connection import connect
from adapters.telemetry.logs import log_event
from core.backoff import Backoff

FIRST_S, MOST_S = 0.2, 5.0

log = logging.getLogger(__name__)


async def connected_client(name: str, **callbacks: Any) -> Client:
    """The connected client; from then on it reconnects by itself."""
    backoff = Backoff(FIRST_S, MOST_S)
    while True:
        try:
            return await connect(surroundings().settings, name, **callbacks)
        except (NatsError, OSError, TimeoutError) as error:
            delay_s = backoff.next_s()
            cause = type(error).__name__
            log_event(log, logging.WARNING, "nats_unavailable", cause=cause, retry_in_s=round(delay_s, 1))
            await asyncio.sleep(delay_s)
