"""All servers with TLS, and users who may do what docs/rights says and nothing else."""

import re
import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from background_loop import BackgroundLoop
from psycopg.conninfo import make_conninfo
from rights import OWNER, REDIS_USER, RUNNER, make_roles, nats_rights, redis_user
from tls_front import Begin, TlsFront, at_once, when_asked

from sandbox.nats import NatsServer
from sandbox.postgres import DATABASE, PostgresServer
from sandbox.process import LOOPBACK, ServerProcess
from sandbox.redis import RedisServer
from sandbox.stack import Stack

NATS_REFUSAL = re.compile(r'(?:Publish|Subscription) Violation.*Subject "(.*?)"')  # in its log
POSTGRES_REFUSAL = re.compile(r"ERROR: +(permission denied .*|must be owner .*)")  # in its log
GREETINGS = "client"  # redis-py says its name and version by CLIENT, and goes on where that is refused


@dataclass(frozen=True)
class Access:
    """How a program of others reaches the servers."""

    environment: dict[str, str]


class SecuredStack(Stack):
    """Its environment is the service's own. Use it as a Stack.

    seeds: of the NATS users connector, stream_maker (a connector that also makes the streams), sender and load.
    platform: with all rights, for the messaging platform's side.
    """

    platform: Access
    seeds: dict[str, Path]

    def __init__(self, loop: BackgroundLoop) -> None:
        super().__init__()
        self._loop = loop
        self._fronts = ExitStack()
        self._passwords = {user: secrets.token_urlsafe(24) for user in (OWNER, RUNNER, REDIS_USER, "reader")}

    def close(self) -> None:
        self._fronts.close()
        super().close()

    def migrate(self) -> None:
        """With roles; the service's own password is all that is needed from then on."""
        passwords = {role: self._passwords[role] for role in (OWNER, RUNNER)}
        make_roles(self.postgres, passwords, self._dsn(OWNER))

    @property
    def refusals(self) -> list[str]:
        """What the servers have refused to their users so far."""
        reader = redis.Redis(port=self.redis.port, username="reader", password=self._passwords["reader"])
        with reader:
            in_redis = [entry["object"] for entry in reader.acl_log() if entry["object"] != GREETINGS]
        in_nats = NATS_REFUSAL.findall(self.nats.log_file.read_text())
        return [*in_nats, *in_redis, *POSTGRES_REFUSAL.findall(self.postgres.log_file.read_text())]

    def _prepare_nats(self) -> str:
        self.nats = self._add(NatsServer(self.directory / "nats", identity=self.authority.issue_server("nats")))
        self.seeds = {name: self.nats.add_user(f"least-{name}", allowed) for name, allowed in nats_rights().items()}
        secured = {"NATS_URL": self.nats.url, "NATS_CA_FILE": str(self.authority.ca_file)}
        self.platform = Access({**secured, "NATS_NKEY_SEED_FILE": str(self.nats.seed_file)})
        self.environment |= {**secured, "NATS_NKEY_SEED_FILE": str(self.seeds["connector"])}
        self.environment["NATS_MANAGE_STREAMS"] = "false"
        return self.nats.url

    def _prepare_redis(self) -> str:
        reader = f"user reader on >{self._passwords['reader']} +acl|log"
        users = (redis_user(self._passwords[REDIS_USER]), reader, "user default off")
        self.redis = self._add(RedisServer(self.directory / "redis", users))
        server = f"{REDIS_USER}:{self._passwords[REDIS_USER]}@{LOOPBACK}:{self._front(self.redis, at_once)}"
        return f"rediss://{server}/0?ssl_ca_certs={self.authority.ca_file}"

    def _prepare_postgres(self) -> str:
        self.postgres = self._add(PostgresServer(self.directory / "postgres"))
        self._postgres_port = self._front(self.postgres, when_asked)
        return self._dsn(RUNNER)

    def _dsn(self, role: str) -> str:
        parts: dict[str, Any] = {"host": LOOPBACK, "port": self._postgres_port, "dbname": DATABASE, "user": role}
        tls = {"sslmode": "verify-full", "sslrootcert": str(self.authority.ca_file)}
        return make_conninfo(**parts, **tls, password=self._passwords[role])

    def _front(self, server: ServerProcess, begin: Begin) -> int:
        identity = self.authority.issue_server(server.name)
        return self._fronts.enter_context(TlsFront(self._loop, identity, server.port, begin)).port
