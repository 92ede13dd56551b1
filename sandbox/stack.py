"""Everything the connector needs around it, in one private directory that goes away with it."""

import atexit
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sandbox.account import unprivileged_account
from sandbox.authority import Authority
from sandbox.interrupts import interrupts_held
from sandbox.nats import NatsServer
from sandbox.operator_data import DEFAULT_GROUP, Credentials, OperatorData
from sandbox.operator_management_server import OperatorManagementServer
from sandbox.postgres import PostgresServer
from sandbox.private_directory import PrivateDirectory
from sandbox.process import ServerProcess
from sandbox.redis import RedisServer
from sandbox.vault_place import VaultPlace

Server = TypeVar("Server", bound=ServerProcess)


class Stack:
    """NATS, Redis, Postgres and the operator-management-service, started side by side; use it with `with`.

    The with block sees all of them listening, or ServerError; when it ends, however it ends, every process and the
    directory are gone. `nats`, `redis` and `postgres` exist only where no URL from outside replaces them. To be entered
    in the main thread (see Child).
    """

    directory: Path
    authority: Authority
    operator_management: OperatorManagementServer
    nats: NatsServer
    redis: RedisServer
    postgres: PostgresServer

    def __init__(
        self,
        *,
        nats_url: str | None = None,
        redis_url: str | None = None,
        postgres_dsn: str | None = None,
        vault: VaultPlace | None = None,
    ) -> None:
        """Secrets of servers from outside (NATS_NKEY_SEED_FILE, PGPASSFILE) come from the environment as it is.

        vault: has the credentials of the operators; those of `write_operators` then count for nothing.
        """
        self.environment: dict[str, str] = {}
        self._outside = (nats_url, redis_url, postgres_dsn)
        self._vault = vault
        self._servers: list[ServerProcess] = []
        self._private: PrivateDirectory | None = None
        self._launcher_pid = os.getpid()

    def write_operators(
        self,
        operators: Mapping[str, Mapping[str, Any]],
        credentials: Mapping[str, Credentials],
        groups: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Replace all the operators (OperatorConfig by operator_id); without `groups` all are in the default one."""
        groups = {DEFAULT_GROUP: list(operators)} if groups is None else groups
        self.operator_management.write(
            OperatorData(
                groups={group: list(members) for group, members in groups.items()},
                operators={operator_id: dict(config) for operator_id, config in operators.items()},
                credentials=dict(credentials),
            )
        )

    def __enter__(self) -> Self:
        atexit.register(self.close)  # for a Ctrl-C that comes when `close` has begun and does not hold it back yet
        try:
            self._prepare()
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop all and remove the directory; may be called twice, and does nothing in a fork of the launcher."""
        if os.getpid() != self._launcher_pid:
            return
        with interrupts_held(), ExitStack() as endings:
            endings.callback(atexit.unregister, self.close)
            if self._private is not None:
                endings.callback(self._private.remove)
            for server in self._servers:
                server.request_stop()
                endings.callback(server.close)

    def _prepare(self) -> None:
        with interrupts_held():
            self._private = PrivateDirectory()
        self.directory = self._private.path
        unprivileged_account().let_through(self.directory)
        self.authority = Authority(self.directory / "tls")
        self._prepare_operator_management()
        nats_url, redis_url, postgres_dsn = self._outside
        self.environment["NATS_URL"] = nats_url or self._prepare_nats()
        self.environment["REDIS_URL"] = redis_url or self._prepare_redis()
        self.environment["POSTGRES_DSN"] = postgres_dsn or self._prepare_postgres()

    def _start(self) -> None:
        """Postgres comes last, because its launch takes half a second, in which the others get ready."""
        for server in self._servers:
            server.launch()
        for server in self._servers:
            server.wait_ready()

    def _prepare_operator_management(self) -> None:
        service = self.authority.issue_server("operator-management")
        client = self.authority.issue_client("smpp-connector")
        directory = self.directory / "operator-management"
        self.operator_management = self._add(OperatorManagementServer(directory, service, self._vault))
        self.environment |= {
            "OPERATOR_MANAGEMENT_URL": self.operator_management.url,
            "OPERATOR_MANAGEMENT_CERT_FILE": str(client.cert_file),
            "OPERATOR_MANAGEMENT_KEY_FILE": str(client.key_file),
            "OPERATOR_MANAGEMENT_CA_FILE": str(client.ca_file),
        }

    def _prepare_nats(self) -> str:
        self.nats = self._add(NatsServer(self.directory / "nats"))
        self.environment["NATS_NKEY_SEED_FILE"] = str(self.nats.seed_file)
        return self.nats.url

    def _prepare_redis(self) -> str:
        self.redis = self._add(RedisServer(self.directory / "redis"))
        return self.redis.url

    def _prepare_postgres(self) -> str:
        self.postgres = self._add(PostgresServer(self.directory / "postgres"))
        self.environment["PGPASSFILE"] = str(self.postgres.passfile)
        return self.postgres.dsn

    def _add(self, server: Server) -> Server:
        self._servers.append(server)
        return server
