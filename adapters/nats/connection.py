"""One connection to NATS per actor that needs it: NKey, TLS, reconnects for ever."""

import logging
import ssl
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError

from adapters.telemetry.logs import log_event
from config.settings import Settings

CONNECT_TIMEOUT_S = 2
RECONNECT_WAIT_S = 0.5
PING_INTERVAL_S = 5  # a dead server is noticed after two missed pongs
PENDING_BYTES = 64 * 1024 * 1024  # written while the server is away; more is refused to the caller

INBOX_PREFIX = "_INBOX_smpp-connector"
"""Dispatches come to subjects below it, texts included: not below _INBOX, which users are often allowed as a whole."""

log = logging.getLogger(__name__)


class TlsMissing(NatsError):
    """The server offers no TLS where we are to use it. Nothing has been said to it."""

    def __str__(self) -> str:
        return "nats: the server offers no TLS, or leaves it to the client"


class TlsClient(Client):
    """Goes on with TLS or not at all.

    nats-py alone goes on without where the server's first line does not ask for it, which anyone on the way can write.
    And it waits for ever for the end of a connection whose handshake has failed: such a one is forgotten here.
    """

    async def _process_connect_init(self) -> None:
        try:
            await super()._process_connect_init()
        except Exception:
            if self._transport:
                self._transport.close()  # type: ignore[no-untyped-call]
            self._transport = None
            raise

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        if initial_connection and not info.get("tls_required"):
            raise TlsMissing
        await super()._process_info(info, initial_connection)


async def connect(settings: Settings, name: str, **callbacks: Any) -> Client:
    """Connected client. Raises OSError or nats.errors.Error when no server answers now."""
    return await open_client(
        settings,
        name=name,
        inbox_prefix=INBOX_PREFIX,
        allow_reconnect=True,
        max_reconnect_attempts=-1,
        connect_timeout=CONNECT_TIMEOUT_S,
        reconnect_time_wait=RECONNECT_WAIT_S,
        ping_interval=PING_INTERVAL_S,
        max_outstanding_pings=2,
        pending_size=PENDING_BYTES,
        error_cb=_log_error,
        **callbacks,
    )


async def open_client(settings: Settings, *, name: str, **options: Any) -> Client:
    """A client as the settings want it secured, connected by nats-py's `options`. Raises as nats-py does."""
    servers = settings.nats_servers()
    if settings.nats_nkey_seed_file:
        options["nkeys_seed"] = str(settings.nats_nkey_seed_file)
    if settings.nats_ca_file:
        options["tls"] = _tls_context(settings)
    wants_tls = settings.nats_ca_file or any(server.startswith("tls:") for server in servers)
    client = TlsClient() if wants_tls else Client()
    await client.connect(servers=servers, name=f"smpp-connector {settings.connector_id} {name}", **options)
    return client


def _tls_context(settings: Settings) -> ssl.SSLContext:
    """Trusts this CA alone, and checks names."""
    context = ssl.create_default_context(cafile=str(settings.nats_ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def _log_error(error: Exception) -> None:
    log_event(log, logging.WARNING, "nats_error", str(error), cause=type(error).__name__)
