"""How `check` reaches each server: read-only, once, and with a cause in one line."""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct
from nats.aio.client import Client
from nats.errors import Error as NatsError
from redis.exceptions import RedisError

from adapters.client_certificate import CertificateFiles
from adapters.nats.streams import StreamIncomplete, StreamUnfit, ensure_streams
from adapters.operator_management import OperatorManagementClient, OperatorManagementUnavailable
from adapters.postgres.errors import DatabaseError
from adapters.postgres.migrate import require_migrated, schema_version
from adapters.redis_client import open_client
from cli import nats_once
from cli.nats_once import NatsUnreachable, connected
from config.settings import Settings

OLDEST_NATS = (2, 10)  # older servers silently drop fields of our consumers
CONNECT_TIMEOUT_S = 3.0


class Unusable(Exception):
    """A server does not serve; problems: one line each."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems


class Server(Struct, frozen=True):
    """reach: says in a few words what was found, or raises Unusable. settings: those it reads."""

    name: str
    settings: tuple[str, ...]
    reach: Callable[[Settings], Awaitable[str]]


async def reach_nats(settings: Settings) -> str:
    """Connected with our NKey, new enough, and with the streams or the leave to make them."""
    try:
        async with connected(settings) as client:
            version = client.connected_server_version
            if (version.major, version.minor) < OLDEST_NATS:
                raise Unusable(f"the server is older than {OLDEST_NATS[0]}.{OLDEST_NATS[1]}")
            streams = await _streams(client, settings.nats_manage_streams)
            return f"server {version.major}.{version.minor}.{version.patch}, {streams}"
    except (NatsUnreachable, StreamUnfit) as error:
        raise Unusable(str(error)) from None
    except NatsError as error:
        raise Unusable(f"JetStream: {type(error).__name__}") from None


async def _streams(client: Client, manage: bool) -> str:
    try:
        await ensure_streams(client, manage=False)
    except StreamIncomplete:
        if not manage:
            raise
        await client.jetstream().account_info()
        return "the service will make or complete the streams"
    return "all streams there"


async def reach_redis(settings: Settings) -> str:
    timeout_s = CONNECT_TIMEOUT_S
    client = open_client(settings.redis_url, socket_connect_timeout=timeout_s, socket_timeout=timeout_s)
    try:
        await client.ping()
    except (RedisError, OSError, ValueError) as error:
        raise Unusable(" ".join(str(error).split()) or type(error).__name__) from None
    finally:
        await client.aclose()
    return "answers"


async def reach_postgres(settings: Settings) -> str:
    """Connected, and migrated."""
    try:
        await asyncio.to_thread(require_migrated, settings.postgres_dsn)
        return f"schema smpp at version {await asyncio.to_thread(schema_version, settings.postgres_dsn)}"
    except DatabaseError as error:
        raise Unusable(str(error)) from None


async def reach_operator_management(settings: Settings) -> str:
    """Our operators are told, and each is valid."""
    files = CertificateFiles(
        settings.operator_management_cert_file,
        settings.operator_management_key_file,
        settings.operator_management_ca_file,
    )
    url, group = settings.operator_management_url, settings.connector_group
    try:
        async with OperatorManagementClient(url, group, files) as client:
            listing = await client.fetch_operators()
    except OperatorManagementUnavailable as error:
        raise Unusable(str(error)) from None
    assert listing is not None  # without an etag there is always a list
    if listing.refused:
        raise Unusable(*(f"operator {refused.operator}: {refused.reason}" for refused in listing.refused))
    return f"operators of group {group}: {len(listing.operators)}"


SERVERS = (
    Server("nats", nats_once.SETTINGS, reach_nats),
    Server("redis", ("REDIS_URL",), reach_redis),
    Server("postgres", ("POSTGRES_DSN",), reach_postgres),
    Server(
        "operator-management-service",
        (
            "CONNECTOR_GROUP",
            "OPERATOR_MANAGEMENT_URL",
            "OPERATOR_MANAGEMENT_CERT_FILE",
            "OPERATOR_MANAGEMENT_KEY_FILE",
            "OPERATOR_MANAGEMENT_CA_FILE",
        ),
        reach_operator_management,
    ),
)
