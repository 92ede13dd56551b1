"""The service under test with all its processes."""

from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPException
from signal import SIGKILL
from typing import Any

from loadtest.bench.accounting import cpu_times, pids_with_variable
from loadtest.bench.loopback_http import get_json, get_text
from sandbox.child import ServerError
from sandbox.demo.connector import Connector
from sandbox.process import STOP_TIMEOUT_S
from sandbox.process_tree import await_gone, signal_all

LEFTOVERS_S = 3.0  # for processes that have left the tree to see that the main one is gone


class MeasuredConnector(Connector):
    """One replica whose processes can be told apart."""

    def environment(self) -> Mapping[str, str]:
        """As of every connector, under our own name."""
        return {**super().environment(), "CONNECTOR_ID": "bench"}

    def migrate(self) -> None:
        """Make the schema; ServerError when that fails."""
        result = self.run_command("migrate")
        if result.exit_code != 0:
            raise ServerError(f"migrate failed: {result.output.strip()}")

    def pids(self) -> list[int]:
        """All its processes: the actor system's admin leaves the tree of the main one, but its environment stays."""
        return pids_with_variable("RUNTIME_DIR", self.environment()["RUNTIME_DIR"])

    def names(self) -> dict[int, str]:
        """What runs in each process, as the connector says; those it does not name are Thespian's own."""
        names = dict.fromkeys(self.pids(), "Thespian's own")
        names[self.child.pid] = "main"
        with suppress(OSError, HTTPException, ValueError):
            names |= actor_names(get_json(self.port, "/status"))
        return names

    def counted(self, metric: str) -> float:
        """The sum of a counter over all its labels; OSError, ValueError."""
        samples = [line.rsplit(" ", 1) for line in get_text(self.port, "/metrics").splitlines()]
        return sum(float(value) for name, value in samples if name.partition("{")[0] == metric)

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """As of every server, and ends what has left its tree and stayed."""
        super().stop(timeout_s)
        leftovers = list(cpu_times(self.pids()))
        if not await_gone(leftovers, LEFTOVERS_S):
            signal_all(leftovers, SIGKILL)


def actor_names(node: Mapping[str, Any]) -> dict[int, str]:
    """Name by pid of the node of a dump and of all below it; an actor without a process has pid 0 and none."""
    names = {node["pid"]: node["name"]} if node.get("pid") else {}
    for child in node.get("children", []):
        names |= actor_names(child)
    return names
