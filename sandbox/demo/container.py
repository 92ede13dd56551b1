"""The real service from a container image, run as a cluster would: not root, nothing writable but /tmp."""

import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.account import Account, own_account
from sandbox.child import ServerError
from sandbox.demo.connector import Connector

ENGINE = "docker"
USER_OF_THE_IMAGE = 10001
SETTINGS_FOLDER = "/etc/smpp-connector"
ENGINE_VARIABLES = ("DOCKER_HOST", "HOME")  # what the engine's client needs of our environment


class ContainerConnector(Connector):
    """As Connector, in the network of this host. Files that the settings name are mounted."""

    # The client passes it on to the container; SIGKILL would end the client alone.
    death_signal = signal.SIGTERM

    def __init__(self, directory: Path, settings: Mapping[str, str], image: str) -> None:
        super().__init__(directory, settings)
        self._image = image
        self._files = directory / "files"
        self._user = _unprivileged()
        self._engine = _engine()

    def command(self) -> Sequence[str | Path]:
        """The image's own command, which is `run`."""
        return [*self._container("--name", self.container_name), self._image, "run"]

    def environment(self) -> Mapping[str, str]:
        """Of the engine's client, which hands the settings on by their names."""
        inherited = {name: os.environ[name] for name in ENGINE_VARIABLES if name in os.environ}
        return {"PATH": os.environ["PATH"], **inherited, **self._inside()}

    def command_beside(self, name: str) -> Sequence[str | Path]:
        """In the running container, or in one of its own."""
        if self.running:
            return [self._engine, "exec", self.container_name, "smpp-connector", name]
        return [*self._container(), self._image, name]

    def _container(self, *options: str) -> list[str | Path]:
        names = [part for name in self._inside() for part in ("--env", name)]
        user = f"{self._user.uid}:{self._user.gid}"
        hardening = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", user)
        writable = ("--tmpfs", f"/tmp:uid={self._user.uid},mode=0700")
        files = ("--volume", f"{self._files}:{SETTINGS_FOLDER}:ro")
        return [self._engine, "run", "--rm", "--network", "host", *hardening, *writable, *files, *names, *options]

    def _inside(self) -> dict[str, str]:
        """The settings as the container sees them."""
        settings = self.settings()
        del settings["RUNTIME_DIR"]
        return {name: self._mounted(name, value) for name, value in settings.items()}

    def _mounted(self, name: str, value: str) -> str:
        """Where the container finds what the setting names, if that is a file."""
        source = Path(value)
        if not (source.is_absolute() and source.is_file()):
            return value
        self._files.mkdir(mode=0o700, exist_ok=True)
        copy = Path(shutil.copy(source, self._files / name.lower()))
        copy.chmod(0o400)
        self._user.take_over(self._files, copy)
        return f"{SETTINGS_FOLDER}/{copy.name}"

    @property
    def container_name(self) -> str:
        return f"smpp-demo-{os.getpid()}"


def _engine() -> Path:
    """Raises ServerError."""
    program = shutil.which(ENGINE)
    if program is None:
        raise ServerError(f"{ENGINE} is not installed")
    return Path(program)


def _unprivileged() -> Account:
    """Ours; where we are root, that of the image."""
    return own_account() if os.geteuid() != 0 else Account(USER_OF_THE_IMAGE, USER_OF_THE_IMAGE)
