"""The service in a container that is held to limits."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtest.bench.accounting import pids_with_variable
from loadtest.bench.connector import MeasuredConnector
from sandbox.demo.container import ContainerConnector

RUNTIME_DIR_OF_THE_IMAGE = "/tmp/smpp-connector"
COMMAND_S = 30.0


class LimitedConnector(ContainerConnector, MeasuredConnector):
    """One replica from the image; limits: of the engine, such as --memory and --cpus."""

    def __init__(self, directory: Path, settings: Mapping[str, str], image: str, limits: Sequence[str]) -> None:
        super().__init__(directory, settings, image, limits)

    def pids(self) -> list[int]:
        """All its processes, as this host sees them."""
        return pids_with_variable("RUNTIME_DIR", RUNTIME_DIR_OF_THE_IMAGE)

    def first_pid(self) -> int:
        """Of the container's init, whose control group all others share."""
        command = self.container.inspect("{{.State.Pid}}")
        return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=COMMAND_S).stdout)
