"""An SMSC that others wrote, as a process; it tells what it read, and sends what a test asks for."""

import json
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from connector_process import ConnectorProcess
from third_party import command_of, search_path
from waiting import wait_until

from loadtest.peers.program import Program
from sandbox.operator_data import Credentials
from sandbox.process import LOOPBACK, ServerProcess, reserve_port

PASSWORD = "s3cr3t"
CONTROL_S = 10.0
SEEN_S = 20.0

_numbers = count(1)


class IndependentSmsc(ServerProcess):
    """Speaks as tests/interop/node_smpp/smsc.js says; use it with `with`."""

    name = "independent-smsc"
    ready_line = '"listening"'

    def __init__(self, directory: Path, program: Program) -> None:
        super().__init__(directory)
        self.program = program
        self.messages: list[dict[str, Any]] = []
        self._read_bytes = 0
        self._control = reserve_port()

    def command(self) -> Sequence[str | Path]:
        ports = str(self.port), str(self._control_port)
        return [*command_of(self.program), *ports, PASSWORD]

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), **search_path()}

    def close(self) -> None:
        super().close()
        self._control.close()

    # What it is asked to do.

    def send_mo(self, operator_id: str, **fields: object) -> None:
        """A message from a handset: `from`, `to`, `text`, `encoding` gsm7, latin1 or ucs2; long ones in parts."""
        self._ask("mo", system_id=operator_id, **fields)

    def enquire(self, operator_id: str) -> None:
        """Send an enquire_link."""
        self._ask("enquire_link", system_id=operator_id)

    def unbind(self, operator_id: str) -> None:
        """Send an unbind, and close when it is answered."""
        self._ask("unbind", system_id=operator_id)

    # What it saw.

    def figures(self) -> dict[str, int]:
        """Counted since it started: binds, submit_sm, messages, receipts, receipts_accepted, enquire_link and more."""
        return self._ask("figures")

    def wait_for(self, within_s: float = SEEN_S, **figures: int) -> dict[str, int]:
        """Its figures once they are at least these."""

        def look() -> dict[str, int] | None:
            seen = self.figures()
            return seen if all(seen[name] >= number for name, number in figures.items()) else None

        return wait_until(look, within_s, f"{figures} at {self.program.name}")

    def read_messages(self) -> list[dict[str, Any]]:
        """All messages that have come whole so far."""
        with self.log_file.open("rb") as log:
            log.seek(self._read_bytes)
            lines = log.read().rpartition(b"\n")[0]
        self._read_bytes += len(lines)
        told = [json.loads(line) for line in lines.splitlines() if line.startswith(b'{"event"')]
        self.messages += [line for line in told if line["event"] == "message"]
        return self.messages

    @property
    def _control_port(self) -> int:
        port: int = self._control.getsockname()[1]
        return port

    def _ask(self, path: str, **query: object) -> dict[str, int]:
        url = f"http://{LOOPBACK}:{self._control_port}/{path}?{urlencode(query)}"
        with urlopen(url, timeout=CONTROL_S) as answer:
            figures: dict[str, int] = json.load(answer)
        return figures


class IndependentOperator:
    """A login at such an SMSC, with what the operator-management-service tells of it."""

    def __init__(
        self, smsc: IndependentSmsc, long_messages: str = "udh8", password: str = PASSWORD, **config: Any
    ) -> None:
        """config: of its OperatorConfig."""
        self.operator_id = f"{long_messages}-{next(_numbers)}"  # a system_id has at most 15 characters
        self.credentials = Credentials(system_id=self.operator_id, password=password, version=1)
        self.config = {
            "operator_id": self.operator_id,
            "endpoints": [{"host": LOOPBACK, "port": smsc.port}],
            "long_messages": long_messages,
            "timers": {"reconnect_min_s": 0.2, "reconnect_max_s": 1.0},
            **config,
        }

    def wait_bound(self, service: ConnectorProcess) -> None:
        """Until its one session is bound."""
        service.running_node(f"operator@{self.operator_id}", SEEN_S, sessions_bound=1)
