"""The development operator-management-service as a process of its own."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.operator_data import DEFAULT_GROUP, OperatorData, write_operator_data
from sandbox.operator_management import READY_LINE
from sandbox.process import LOOPBACK, ServerProcess
from sandbox.tls import Identity
from sandbox.vault_place import VaultPlace


class OperatorManagementServer(ServerProcess):
    """Starts with no operators in the group `default`; `write` changes that at any time."""

    name = "operator-management"
    ready_line = READY_LINE

    def __init__(self, directory: Path, identity: Identity, vault: VaultPlace | None = None) -> None:
        """vault: has the credentials; see OperatorManagement."""
        super().__init__(directory)
        self._identity = identity
        self._vault = vault
        self._data_file = directory / "operators.json"
        self.write(OperatorData(groups={DEFAULT_GROUP: []}))

    @property
    def url(self) -> str:
        """For OPERATOR_MANAGEMENT_URL."""
        return f"https://{LOOPBACK}:{self.port}"

    def write(self, data: OperatorData) -> None:
        """Replace all that it tells, seen by the next request; also while it is down."""
        write_operator_data(self._data_file, data)

    def command(self) -> Sequence[str | Path]:
        """The same Python as ours."""
        identity = self._identity
        tls = ("--cert-file", identity.cert_file, "--key-file", identity.key_file, "--ca-file", identity.ca_file)
        module = (sys.executable, "-m", "sandbox.operator_management")
        vault = _flags(self._vault) if self._vault else ()
        return [*module, "--data-file", self._data_file, *tls, "--port", str(self.port), *vault]

    def environment(self) -> Mapping[str, str]:
        """With our import path, however it came about."""
        return {**super().environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _flags(vault: VaultPlace) -> Sequence[str | Path]:
    ca = ("--vault-ca-file", vault.ca_file) if vault.ca_file else ()
    place = ("--vault-mount", vault.mount, "--vault-path", vault.path)
    return ["--vault-url", vault.url, "--vault-token-file", vault.token_file, *ca, *place]
