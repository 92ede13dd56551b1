"""Kannel's processes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from loadtest.peers.program import KANNEL
from sandbox.process import ServerProcess


class Box(ServerProcess):
    """One of them. arguments: before the configuration."""

    libraries: ClassVar = ("usr/lib", "lib")

    def __init__(self, directory: Path, configuration: Path, arguments: Sequence[str] = ()) -> None:
        super().__init__(directory)
        self._configuration = configuration
        self._arguments = arguments
        self._root = KANNEL.installed() / "root"

    def command(self) -> Sequence[str | Path]:
        return [self._root / "usr" / "sbin" / self.name, *self._arguments, self._configuration]

    def environment(self) -> Mapping[str, str]:
        """With the libraries that were installed beside it, in the folder of this machine's kind."""
        folders = [path for library in self.libraries for path in (self._root / library).glob("*-linux-*")]
        return {**super().environment(), "LD_LIBRARY_PATH": ":".join(map(str, folders))}


class Bearerbox(Box):
    """Holds the bind; `port` is its admin port."""

    name = "bearerbox"
    ready_line = "SMS resend retry set"


class Smsbox(Box):
    """The HTTP front; `port` is where messages are asked for."""

    name = "smsbox"
    ready_line = "Connected to bearerbox"
