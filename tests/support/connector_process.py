"""`smpp-connector run` as a process of its own, and what a test asks of it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from census import processes_of
from waiting import wait_until

from actors import inspection
from actors.inspection import collect_now
from actors.names import session_name
from sandbox.process import LOOPBACK, ServerProcess
from sandbox.process_tree import Process, await_gone, await_paused, signal_all

START_S = 20.0
STOP_S = 15.0
COMMAND_S = 30.0
GONE_S = 2.0  # after the main process, for all the others
DRAIN_TIMEOUT_S = 5

Node = dict[str, Any]


class ConnectorProcess(ServerProcess):
    """The service in a folder of its own; its log is `log`. Use it with `with`: nothing of it outlives the block."""

    name = "smpp-connector"
    ready_line = '"service_started"'

    def __init__(self, settings: Mapping[str, str]) -> None:
        """settings: the environment; RUNTIME_DIR and what nobody asks for are filled in."""
        super().__init__(Path(tempfile.mkdtemp(prefix="smpp-test-")))
        self.runtime_dir = Path(settings.get("RUNTIME_DIR", self.directory / "run"))
        self.settings = {
            "CONNECTOR_ID": "test",
            "RUNTIME_DIR": str(self.runtime_dir),
            "HTTP_HOST": LOOPBACK,
            "HTTP_PORT": "0",
            "DRAIN_TIMEOUT_S": str(DRAIN_TIMEOUT_S),
            **settings,
        }

    def command(self) -> Sequence[str | Path]:
        return [sys.executable, "-m", "cli.main", "run"]

    def environment(self) -> Mapping[str, str]:
        """Nothing of ours but the import path; a temp folder in which leftovers would be seen."""
        import_path = os.pathsep.join(filter(None, sys.path))
        places = {"PYTHONPATH": import_path, "TMPDIR": str(self.directory)}
        return {**super().environment(), **places, **_coverage(), **self.settings}

    def run_command(self, *arguments: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        """Another command with the same settings."""
        command = [sys.executable, "-m", "cli.main", *arguments]
        environment = dict(self.environment())
        return subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=COMMAND_S, env=environment, check=False
        )

    def finish(self, signum: signal.Signals = signal.SIGTERM, within_s: float = STOP_S) -> int | None:
        """Exit code after `signum`; None when it still runs after `within_s`."""
        child = self.child
        child.send(signum)
        return child.wait(within_s)

    def pause(self) -> None:
        """SIGSTOP to every process of the service; returns when all of them stand still."""
        processes = self.processes()
        signal_all(processes, signal.SIGSTOP)
        assert await_paused(processes, STOP_S)

    def resume(self) -> None:
        """SIGCONT: the end of `pause`."""
        signal_all(self.processes(), signal.SIGCONT)

    def close(self) -> None:
        """Kill what is left and remove the folder; `left_over` tells before whether there is anything."""
        signal_all(processes_of(self.runtime_dir), signal.SIGKILL)
        super().close()
        shutil.rmtree(self.directory)

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    # What a test looks at.

    @property
    def log(self) -> list[dict[str, Any]]:
        """Every line so far; each must be JSON, whoever wrote it."""
        return [_read_line(line) for line in self.log_file.read_text(errors="replace").splitlines()]

    def events(self, event: str) -> list[dict[str, Any]]:
        """Log lines of this event."""
        return [line for line in self.log if line["event"] == event]

    @property
    def http(self) -> str:
        """Base of the HTTP endpoint of the last start."""
        return f"http://{LOOPBACK}:{self.events('service_started')[-1]['http_port']}"

    def get(self, path: str) -> str:
        """What the HTTP endpoint answers."""
        with urllib.request.urlopen(f"{self.http}{path}", timeout=COMMAND_S) as answer:
            text: str = answer.read().decode()
            return text

    def metrics(self) -> dict[str, float]:
        """Every sample by its name with labels, as in the text format."""
        samples = [line.rsplit(" ", 1) for line in self.get("/metrics").splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in samples}

    def tree(self) -> Node | None:
        """What `dump --json` prints."""
        return collect_now(self.runtime_dir)

    def node(self, name: str) -> Node | None:
        """The actor of this name in the tree, None while it is not there."""
        return next((node for node in nodes_of(self.tree()) if node["name"] == name), None)

    def running_node(self, name: str, within_s: float = START_S, **figures: object) -> Node:
        """The actor of this name, once it runs and shows these figures."""

        def look() -> Node | None:
            node = self.node(name)
            return node if node and node["state"] == "running" and figures.items() <= node.items() else None

        return wait_until(look, within_s, f"{name} running with {figures}")

    def first_session(self, operator_id: str, within_s: float = START_S, **figures: object) -> Node:
        """The operator's first session on its first endpoint, once it runs and shows these figures."""
        return self.running_node(session_name(operator_id, endpoint=0, index=0), within_s, **figures)

    def is_healthy(self) -> bool:
        """Every actor of the tree runs, and every session is bound."""
        nodes = nodes_of(self.tree())
        return bool(nodes) and all(node["state"] == "running" and node.get("bound", True) for node in nodes)

    def processes(self) -> list[Process]:
        return processes_of(self.runtime_dir)

    def left_over(self) -> list[Process]:
        """Processes that are still there GONE_S from now."""
        await_gone(self.processes(), GONE_S)
        return self.processes()


def _coverage() -> dict[str, str]:
    """What coverage needs to see into a service, which runs in another folder; nothing where it does not measure."""
    told = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return {"COVERAGE_FILE": os.path.abspath(".coverage"), **told} if told else {}


def nodes_of(tree: Node | None) -> list[Node]:
    """The tree as a list, parents first; empty when there is none."""
    return list(inspection.nodes_of(tree)) if tree else []


def _read_line(line: str) -> dict[str, Any]:
    try:
        read: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError:
        raise AssertionError(f"not a line of JSON in the log: {line}") from None
    return read
