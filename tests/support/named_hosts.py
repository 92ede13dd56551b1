"""A service that sees a hosts file of its own, so that tests decide what names mean: a mount in a namespace (Linux)."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from connector_process import ConnectorProcess

_UNSHARE = [shutil.which("unshare") or "unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
_MOUNT = 'mount --bind "$0" /etc/hosts && exec "$@"'
_TRIAL_S = 10.0


def can_name_hosts() -> bool:
    """Whether this machine lets us have a namespace for mounts."""
    trial = [*_UNSHARE, "sh", "-c", _MOUNT, os.devnull, "true"]
    try:
        return subprocess.run(trial, capture_output=True, timeout=_TRIAL_S, check=False).returncode == 0
    except OSError:
        return False


class NamedHostsProcess(ConnectorProcess):
    """Knows the names that it is told, and localhost."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        super().__init__(settings)
        self._hosts = self.directory / "hosts"
        self.name_host("localhost", ["127.0.0.1"])

    def name_host(self, name: str, addresses: Iterable[str]) -> None:
        """From now on this is the only name, with these addresses; the file must stay the same one."""
        self._hosts.write_text("".join(f"{address} {name}\n" for address in addresses))

    def command(self) -> Sequence[str | Path]:
        return [*_UNSHARE, "sh", "-c", _MOUNT, self._hosts, *super().command()]
