"""A connection to NATS for a command: tried once at each server, with a cause in one line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nkeys import NkeysError

from adapters.nats.connection import open_client
from config.settings import Settings

SETTINGS = ("CONNECTOR_ID", "NATS_URL", "NATS_NKEY_SEED_FILE", "NATS_CA_FILE", "NATS_MANAGE_STREAMS")
CONNECT_TIMEOUT_S = 3
DEADLINE_S = 10.0  # for all servers together

INBOX_PREFIX = "_INBOX_smpp-command"
"""Not the service's: who may send need not be able to look at what it is sent."""


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
            client = await open_client(
                settings,
                name="command line",
                inbox_prefix=INBOX_PREFIX,
                connect_timeout=CONNECT_TIMEOUT_S,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                error_cb=remember,
            )
    except (NatsError, NkeysError, OSError, ValueError) as error:
        raise NatsUnreachable(_cause(causes or [error])) from None
    try:
        yield client
    finally:
        await client.close()


def _cause(errors: list[Exception]) -> str:
    """The last thing that a server said; a refusal may also end as a connection reset, which says less."""
    told = [error for error in errors if isinstance(error, NatsError)]
    error = (told or errors)[-1]
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return " ".join(str(error).split()).removeprefix("nats: ").strip("'") or type(error).__name__
