"""The simulated SMSC as a process of its own, fast and well-behaved."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from loadtest.bench.loopback_http import get_json, post_json
from sandbox.demo.program import program, program_environment
from sandbox.process import LOOPBACK, ServerProcess, reserve_port

DELIVER_WINDOW = 1000  # as many as the connector holds: receipts wait for nothing else


class Arrival(NamedTuple):
    """A submit_sm at the SMSC. at_ns: epoch. link: number of the connection on which it came."""

    at_ns: int
    link: int


class Simulator(ServerProcess):
    """One SMSC for all operators, which tell themselves apart by their system_id."""

    name = "simulator"
    ready_line = '"control"'

    def __init__(self, directory: Path, traits: Mapping[str, object], *, recorded: bool = False) -> None:
        """traits: of sandbox.smsc.character. recorded: keep a line for each submit_sm, for `received_at_ns`."""
        super().__init__(directory)
        self._control = reserve_port()
        self._traits = {"deliver_window": DELIVER_WINDOW, **traits}
        self._record = directory / "submits.jsonl" if recorded else None

    def command(self) -> Sequence[str | Path]:
        """All that it does is on the command line."""
        control_port = self._control.getsockname()[1]
        listen = ("--host", LOOPBACK, "--port", str(self.port), "--control-port", str(control_port))
        traits = [word for name, value in self._traits.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        record = ("--record", self._record) if self._record else ()
        return [*program(), "sandbox", "smsc", *listen, *traits, *record]

    def environment(self) -> Mapping[str, str]:
        """No settings: it needs none."""
        return {**super().environment(), **program_environment(self.directory)}

    def close(self) -> None:
        """As of every server, and gives the control's port back."""
        super().close()
        self._control.close()

    @property
    def report_url(self) -> str:
        """Where other programs find the report."""
        return f"http://{LOOPBACK}:{self._control.getsockname()[1]}/report"

    def report(self) -> dict[str, Any]:
        """What it saw until now."""
        report: dict[str, Any] = get_json(self._control.getsockname()[1], "/report")
        return report

    def change(self, **traits: object) -> None:
        """Behave so from now on."""
        post_json(self._control.getsockname()[1], "/behaviour", traits)

    def act(self, name: str) -> None:
        """Do this to every link, see sandbox.smsc.acts."""
        post_json(self._control.getsockname()[1], "/act", {"act": name})

    def received_at_ns(self) -> dict[int, int]:
        """Epoch nanoseconds of the submit_sm with each marker; of one that came twice, of the first."""
        times: dict[int, int] = {}
        for submit in self._recorded():
            times.setdefault(submit["marker"], submit["at_ns"])
        return times

    def arrivals(self) -> list[Arrival]:
        """Every submit_sm, in their order."""
        return [Arrival(submit["at_ns"], submit["link"]) for submit in self._recorded()]

    def _recorded(self) -> list[dict[str, Any]]:
        assert self._record is not None
        self.report()  # writes the record up to here
        return [json.loads(line) for line in self._record.read_text(encoding="utf-8").splitlines()]
