"""The real service from a container image, in place of the one that is installed here."""

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.container import Container
from sandbox.demo.connector import Connector


class ContainerConnector(Connector):
    """As Connector."""

    death_signal = signal.SIGTERM  # the client passes it on to the container; SIGKILL would end the client alone

    def __init__(self, directory: Path, settings: Mapping[str, str], image: str, options: Sequence[str] = ()) -> None:
        super().__init__(directory, settings)
        inside = {name: value for name, value in self.settings().items() if name != "RUNTIME_DIR"}
        self.container = Container(image, f"smpp-demo-{os.getpid()}", inside, directory / "files", options)

    def command(self) -> Sequence[str | Path]:
        """`run` in a container."""
        return self.container.run("run", named=True)

    def environment(self) -> Mapping[str, str]:
        """Of the engine's client."""
        return self.container.environment()

    def command_beside(self, name: str) -> Sequence[str | Path]:
        """In the running container, or in one of its own."""
        return self.container.execute("smpp-connector", name) if self.running else self.container.run(name)
