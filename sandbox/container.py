"""A program from a container image, run as a cluster would: not root, nothing writable but /tmp, no capabilities."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.account import Account, own_account
from sandbox.child import ServerError

ENGINE = "docker"
USER_OF_THE_IMAGE = 10001
FILES_INSIDE = "/etc/smpp-connector"
ENGINE_VARIABLES = ("DOCKER_HOST", "HOME", "PATH")  # what the engine's client needs of our environment
HARDENING = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


class Container:
    """One container in the network of this host, with these settings; files that they name are mounted."""

    def __init__(
        self, image: str, name: str, settings: Mapping[str, str], files: Path, options: Sequence[str] = ()
    ) -> None:
        """files: a folder for copies of those files, for the user inside. options: more of them for the engine, such as
        limits. Raises ServerError without an engine."""
        self.name = name
        self._image = image
        self._files = files
        self._options = options
        self._user = _unprivileged()
        self._engine = _engine()
        self._settings = {setting: self._mounted(setting, value) for setting, value in settings.items()}

    def environment(self) -> dict[str, str]:
        """Of the engine's client, which hands the settings on by their names."""
        inherited = {name: os.environ[name] for name in ENGINE_VARIABLES if name in os.environ}
        return {**inherited, **self._settings}

    def run(self, *command: str, named: bool = False) -> Sequence[str | Path]:
        """The image's program in a new container."""
        settings = [part for name in self._settings for part in ("--env", name)]
        own_tmp = f"/tmp:uid={self._user.uid},mode=0700"  # inside the container  # nosec B108
        user = ("--user", f"{self._user.uid}:{self._user.gid}", "--tmpfs", own_tmp)
        files = ("--volume", f"{self._files}:{FILES_INSIDE}:ro")
        name = ("--name", self.name) if named else ()
        options = (*HARDENING, *self._options, *user, *files, *settings, *name)
        return [self._engine, "run", "--rm", "--network", "host", *options, self._image, *command]

    def execute(self, *command: str) -> Sequence[str | Path]:
        """A program in the running container."""
        return [self._engine, "exec", self.name, *command]

    def inspect(self, what: str) -> Sequence[str | Path]:
        """Something of the running container, as a template of the engine."""
        return [self._engine, "inspect", "--format", what, self.name]

    def kill(self) -> Sequence[str | Path]:
        """The end of the container, at once."""
        return [self._engine, "kill", self.name]

    def _mounted(self, setting: str, value: str) -> str:
        """Where the container finds what the setting names, if that is a file."""
        source = Path(value)
        if not (source.is_absolute() and source.is_file()):
            return value
        self._files.mkdir(mode=0o700, exist_ok=True)
        copy = Path(shutil.copy(source, self._files / setting.lower()))
        copy.chmod(0o400)
        self._user.take_over(self._files, copy)
        return f"{FILES_INSIDE}/{copy.name}"


def _engine() -> Path:
    program = shutil.which(ENGINE)
    if program is None:
        raise ServerError(f"{ENGINE} is not installed")
    return Path(program)


def _unprivileged() -> Account:
    """Ours; where we are root, that of the image."""
    return own_account() if os.geteuid() != 0 else Account(USER_OF_THE_IMAGE, USER_OF_THE_IMAGE)
