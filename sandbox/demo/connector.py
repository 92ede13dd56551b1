"""The real service, `smpp-connector run`, as a process, and its other commands beside it."""

import signal
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from sandbox.child import Child, ServerError, Surroundings
from sandbox.demo.program import program, program_environment
from sandbox.interrupts import interrupts_held
from sandbox.process import LOOPBACK, STOP_TIMEOUT_S, ServerProcess

COMMAND_TIMEOUT_S = 30.0
DRAIN_TIMEOUT_S = 5

_GRAVE_LEVELS = ('"level":"WARNING"', '"level":"ERROR"', '"level":"CRITICAL"')


class CommandResult(NamedTuple):
    """How a command ended, and what it printed."""

    exit_code: int
    output: str


class Connector(ServerProcess):
    """The service with `settings` from the environment; its log goes to `log_file`."""

    name = "connector"
    ready_line = '"service_started"'

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        super().__init__(directory)
        self._settings = settings

    def command(self) -> Sequence[str | Path]:
        """Everything else is in the environment."""
        return [*program(), "run"]

    def environment(self) -> Mapping[str, str]:
        """The settings, and what the program needs to be found."""
        return {**super().environment(), **program_environment(self.directory), **self.settings()}

    def settings(self) -> dict[str, str]:
        """Those given, and those of a replica with everything it writes in its own directory."""
        return {
            **self._settings,
            "CONNECTOR_ID": "demo",
            "RUNTIME_DIR": str(self.directory / "run"),
            "HTTP_HOST": LOOPBACK,
            "HTTP_PORT": str(self.port),
            "DRAIN_TIMEOUT_S": str(DRAIN_TIMEOUT_S),
        }

    def command_beside(self, name: str) -> Sequence[str | Path]:
        """Another command of the same program."""
        return [*program(), name]

    def run_command(self, name: str) -> CommandResult:
        """Run another command with the same settings; ServerError when it takes longer than COMMAND_TIMEOUT_S."""
        log_file = self.directory / f"{name}.log"
        around = Surroundings(self.directory, log_file, self._account, self.environment(), signal.SIGKILL)
        child: Child | None = None
        try:
            with interrupts_held():
                child = Child(self.command_beside(name), around)
            exit_code = child.wait(COMMAND_TIMEOUT_S)
            if exit_code is None:
                raise ServerError(child.complaint(f"{name} took longer than {COMMAND_TIMEOUT_S:g} s"))
        finally:
            if child is not None:
                child.end(signal.SIGTERM, STOP_TIMEOUT_S)
        return CommandResult(exit_code, log_file.read_text())


def last_warnings(log_file: Path, most: int) -> list[str]:
    """The last lines of its log at WARNING or above, and those that are not JSON, such as a traceback."""
    lines = log_file.read_text(errors="replace").splitlines() if log_file.exists() else []
    grave = (line for line in reversed(lines) if _is_grave(line))
    return list(islice(grave, most))[::-1]


def _is_grave(line: str) -> bool:
    return not line.startswith("{") or any(level in line for level in _GRAVE_LEVELS)
