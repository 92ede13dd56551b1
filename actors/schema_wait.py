"""The time before the actor system: Postgres may not be up yet. The HTTP port is open already, alive and not ready."""

import asyncio
import logging
from typing import Any

from actors.overview import overview_now
from adapters.http_endpoint import HttpEndpoint
from adapters.postgres.errors import DatabaseUnavailable
from adapters.postgres.migrate import require_migrated
from adapters.telemetry.logs import log_event
from config.settings import Settings
from core.backoff import Backoff

FIRST_S, MOST_S = 0.5, 10.0  # between looks

log = logging.getLogger(__name__)


async def wait_for_schema(settings: Settings) -> None:
    """Returns once the schema is there. Raises SchemaNotMigrated, MigrationChanged, InvalidDsn and PortUnavailable."""
    endpoint = HttpEndpoint(_no_actors, _alive, _not_ready, _no_metrics, overview_now)
    await endpoint.start(settings.http_host, settings.http_port)
    backoff = Backoff(FIRST_S, MOST_S)
    try:
        while not await _is_there(settings, backoff):
            pass
    finally:
        await endpoint.stop()


async def _is_there(settings: Settings, backoff: Backoff) -> bool:
    try:
        await asyncio.to_thread(require_migrated, settings.postgres_dsn)
    except DatabaseUnavailable as error:
        delay_s = backoff.next_s()
        log_event(log, logging.WARNING, "postgres_unavailable", str(error), retry_in_s=round(delay_s, 1))
        await asyncio.sleep(delay_s)
        return False
    return True


async def _no_actors() -> dict[str, Any]:
    return {}


async def _alive() -> bool:
    return True


async def _not_ready() -> tuple[bool, str]:
    return False, "waiting for Postgres"


def _no_metrics() -> bytes:
    return b""
