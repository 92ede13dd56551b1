"""The simulated operators as processes of their own, and what they say about what they saw."""

import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import Request, urlopen

from sandbox.child import ServerError
from sandbox.demo.cast import Role
from sandbox.demo.program import program, program_environment
from sandbox.interrupts import interrupts_held
from sandbox.operator_data import Credentials
from sandbox.process import LOOPBACK, ServerProcess, reserve_port

CONTROL_TIMEOUT_S = 10.0
SYSTEM_ID = "sandbox"
_PASSWORD_BYTES = 4  # 8 characters, the longest password of SMPP 3.4


class Simulator(ServerProcess):
    """`smpp-connector sandbox smsc` in the role of one operator; its only login is `credentials`."""

    name = "smsc"
    ready_line = '"control"'

    def __init__(self, directory: Path, role: Role) -> None:
        super().__init__(directory)
        self.role = role
        self.record_file = directory / "record.jsonl"
        password = secrets.token_hex(_PASSWORD_BYTES)
        self.credentials = Credentials(system_id=SYSTEM_ID, password=password, version=1)
        self._control = reserve_port()

    def command(self) -> Sequence[str | Path]:
        """No password and no behaviour in it: `play_role` sends those, unseen by `ps`."""
        ports = ("--port", str(self.port), "--control-port", str(self._control_port))
        return [*program(), "sandbox", "smsc", *ports, "--record", self.record_file]

    def environment(self) -> Mapping[str, str]:
        """No settings: it needs none."""
        return {**super().environment(), **program_environment(self.directory)}

    def config(self) -> dict[str, Any]:
        """Its OperatorConfig."""
        return self.role.config(LOOPBACK, self.port)

    def play_role(self) -> None:
        """Behave from now on as the role says."""
        logins = {self.credentials.system_id: self.credentials.password}
        self._ask("/behaviour", {**self.role.behaviour, "logins": logins})

    def report(self) -> dict[str, Any]:
        """What it saw until now; the record is complete up to here too."""
        return self._ask("/report")

    def close(self) -> None:
        """As of every server, and gives the control's port back."""
        super().close()
        self._control.close()

    @property
    def _control_port(self) -> int:
        port: int = self._control.getsockname()[1]
        return port

    def _ask(self, path: str, body: object | None = None) -> dict[str, Any]:
        """GET, or POST of `body`; ServerError where there is no good answer."""
        content = None if body is None else json.dumps(body).encode()
        url = f"http://{LOOPBACK}:{self._control_port}{path}"
        request = Request(url, content, {"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=CONTROL_TIMEOUT_S) as answer:  # our own  # nosec B310
                read: dict[str, Any] = json.load(answer)
        except OSError as error:
            raise ServerError(self.child.complaint(f"did not answer {path}: {error}")) from None
        return read


class Simulators:
    """One for each role, started and stopped side by side; use it with `with`."""

    def __init__(self, directory: Path, roles: Sequence[Role]) -> None:
        self.all = [Simulator(directory / f"operator-{role.operator_id}", role) for role in roles]

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop all of them."""
        with interrupts_held(), ExitStack() as endings:
            for simulator in self.all:
                simulator.request_stop()
                endings.callback(simulator.close)

    def _start(self) -> None:
        for simulator in self.all:
            simulator.launch()
        for simulator in self.all:
            simulator.wait_ready()
            simulator.play_role()
