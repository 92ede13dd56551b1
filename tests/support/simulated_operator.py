"""A mobile network operator: a simulated SMSC in the background loop and the OperatorConfig that leads to it."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from background_loop import BackgroundLoop
from wiretap import Wiretap

from sandbox.operator_data import Credentials
from sandbox.smsc.character import Character, changed
from sandbox.smsc.server import SimulatedSmsc
from smpp.hot import ShortMessage

SYSTEM_ID, PASSWORD = "esme", "s3cr3t"
QUICK_RECONNECT = {"reconnect_min_s": 0.2, "reconnect_max_s": 1.0}


class SimulatedOperator:
    """Use it with `with`; traits are those of sandbox.smsc.character."""

    def __init__(
        self, loop: BackgroundLoop, operator_id: str, config: Mapping[str, Any] | None = None, **traits: object
    ) -> None:
        self.operator_id = operator_id
        self.credentials = Credentials(system_id=SYSTEM_ID, password=PASSWORD, version=1)
        self._config = config or {}
        self._loop = loop
        self._smsc = SimulatedSmsc(changed(Character(logins=((SYSTEM_ID, PASSWORD),)), traits))
        self._wiretap = Wiretap()

    def __enter__(self) -> Self:
        self._loop.run(self._smsc.start())
        self._loop.run(self._wiretap.start(self._smsc.port))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self._wiretap.stop())
        self._loop.run(self._smsc.stop())

    @property
    def config(self) -> dict[str, Any]:
        """Its OperatorConfig: what was asked for, and short waits after a lost link."""
        return {
            "operator_id": self.operator_id,
            "endpoints": [{"host": self._smsc.host, "port": self._wiretap.port}],
            "timers": QUICK_RECONNECT,
            **self._config,
        }

    @property
    def submitted(self) -> list[ShortMessage]:
        """Every submit_sm that was written to it, as on the wire."""
        return list(self._wiretap.submitted)

    def submitted_to(self, number: str) -> list[ShortMessage]:
        return [message for message in self.submitted if message.destination_addr == number.removeprefix("+")]

    def report(self) -> dict[str, Any]:
        """What it saw, see sandbox.smsc.ledger."""
        return self._loop.call(self._smsc.report)

    def change(self, **traits: object) -> None:
        self._loop.run(self._smsc.change(**traits))

    def act(self, name: str, **details: object) -> int:
        return self._loop.call(lambda: self._smsc.act(name, **details))
