"""A connection to NATS for a command: tried once at each server, with a cause in one line."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nkeys import NkeysError

from config.settings import Settings

SETTINGS = ("CONNECTOR_ID", "NATS_URL", "NATS_NKEY_SEED_FILE", "NATS_CA_FILE", "NATS_MANAGE_STREAMS")
CONNECT_TIMEOUT_S = 3
DEADLINE_S = 10.0  # for all servers together


class NatsUnreachable(Exception):
    """No server lets us in. The message is the last cause, in one line."""


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Client]:
    """A connected client. Raises NatsUnreachable."""
    causes: list[Exception] = []

    async def remember(error: Exception) -> None:
        causes.append(error)

    try:
        async with asyncio.timeout(DEADLINE_S):
            client = await nats.connect(**_options(settings), error_cb=remember)
    except (NatsError, NkeysError, OSError, ValueError) as error:
        raise NatsUnreachable(_cause(causes or [error])) from None
    try:
        yield client
    finally:
        await client.close()


def _options(settings: Settings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "servers": settings.nats_servers(),
        "name": f"smpp-connector {settings.connector_id} command line",
        "connect_timeout": CONNECT_TIMEOUT_S,
        "max_reconnect_attempts": 1,
        "reconnect_time_wait": 0,
    }
    if settings.nats_nkey_seed_file:
        options["nkeys_seed"] = str(settings.nats_nkey_seed_file)
    if settings.nats_ca_file:
        options["tls"] = ssl.create_default_context(cafile=str(settings.nats_ca_file))
    return options


def _cause(errors: list[Exception]) -> str:
    """The last thing that a server said; a refusal may also end as a connection reset, which says less."""
    told = [error for error in errors if isinstance(error, NatsError)]
    error = (told or errors)[-1]
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return " ".join(str(error).split()).removeprefix("nats: ").strip("'") or type(error).__name__
