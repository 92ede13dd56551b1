"""The files of docs/rights, as servers take them."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import psycopg
import yaml

from adapters.postgres.migrate import migrate
from sandbox.nats import Permissions
from sandbox.postgres import PostgresServer

RIGHTS = Path(__file__).parents[2] / "docs" / "rights"
PLACE_OF_DIGEST = "SHA256_OF_THE_PASSWORD"
REDIS_USER = "smpp-connector"
OWNER, RUNNER = "smpp_owner", "smpp_connector"


def nats_rights() -> dict[str, Permissions]:
    """The users of nats.yaml; stream_maker with what it adds to connector."""
    rights = yaml.safe_load((RIGHTS / "nats.yaml").read_text())
    return {
        "connector": _permissions(rights["connector"]),
        "stream_maker": _permissions(rights["connector"], rights["stream_maker"]),
        "sender": _permissions(rights["sender"]),
        "load": _permissions(rights["load"]),
    }


def redis_user(password: str) -> str:
    """The line of redis.acl for an ACL file."""
    digest = hashlib.sha256(password.encode()).hexdigest()
    return (RIGHTS / "redis.acl").read_text().strip().replace(PLACE_OF_DIGEST, digest)


def make_roles(server: PostgresServer, passwords: Mapping[str, str], owner_dsn: str) -> None:
    """As postgres.sql tells the administrator to, and postgres-migrated.sql after the migration."""
    with server.connect_as_superuser() as superuser:
        superuser.execute((RIGHTS / "postgres.sql").read_bytes())
        for role, password in passwords.items():
            superuser.execute(f"ALTER ROLE {role} PASSWORD '{password}'".encode())
    migrate(owner_dsn)
    with psycopg.connect(owner_dsn) as owner:
        owner.execute((RIGHTS / "postgres-migrated.sql").read_bytes())


def _permissions(*rights: dict[str, list[str]]) -> Permissions:
    return Permissions(publish=_subjects(rights, "publish"), subscribe=_subjects(rights, "subscribe"))


def _subjects(rights: Iterable[dict[str, list[str]]], action: str) -> tuple[str, ...]:
    return tuple(subject for right in rights for subject in right.get(action, ()))
