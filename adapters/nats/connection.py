"""One connection to NATS per actor that needs it: NKey, TLS, reconnects for ever."""

import logging
import ssl
from typing import Any

import nats
from nats.aio.client import Client

from adapters.telemetry.logs import log_event
from config.settings import Settings

CONNECT_TIMEOUT_S = 2
RECONNECT_WAIT_S = 0.5
PING_INTERVAL_S = 5  # a dead server is noticed after two missed pongs
PENDING_BYTES = 64 * 1024 * 1024  # written while the server is away; more is refused to the caller

log = logging.getLogger(__name__)


async def connect(settings: Settings, name: str, **callbacks: Any) -> Client:
    """Connected client. Raises OSError or nats.errors.Error when no server answers now."""
    options: dict[str, Any] = {}
    if settings.nats_nkey_seed_file:
        options["nkeys_seed"] = str(settings.nats_nkey_seed_file)
    if settings.nats_ca_file:
        options["tls"] = ssl.create_default_context(cafile=str(settings.nats_ca_file))
    return await nats.connect(
        servers=settings.nats_servers(),
        name=f"smpp-connector {settings.connector_id} {name}",
        allow_reconnect=True,
        max_reconnect_attempts=-1,
        connect_timeout=CONNECT_TIMEOUT_S,
        reconnect_time_wait=RECONNECT_WAIT_S,
        ping_interval=PING_INTERVAL_S,
        max_outstanding_pings=2,
        pending_size=PENDING_BYTES,
        error_cb=_log_error,
        **options,
        **callbacks,
    )


async def _log_error(error: Exception) -> None:
    log_event(log, logging.WARNING, "nats_error", str(error), cause=type(error).__name__)
