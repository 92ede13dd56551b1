"""Several replicas of the service, measured as one."""

from collections.abc import Mapping
from pathlib import Path

from loadtest.bench.connector import MeasuredConnector
from loadtest.throttle.rig import Replica
from sandbox.process import START_TIMEOUT_S, STOP_TIMEOUT_S


class Replicas(MeasuredConnector):
    """The first of them, with the others beside it."""

    def __init__(self, directory: Path, settings: Mapping[str, str], replicas: int) -> None:
        super().__init__(directory, settings)
        self._others = [Replica(directory.with_name(f"replica-{number}"), settings) for number in range(1, replicas)]

    def launch(self) -> None:
        """All of them."""
        super().launch()
        for other in self._others:
            other.launch()

    def wait_ready(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """All of them."""
        super().wait_ready(timeout_s)
        for other in self._others:
            other.wait_ready(timeout_s)

    def pids(self) -> list[int]:
        """Of all of them."""
        return [*super().pids(), *(pid for other in self._others for pid in other.pids())]

    def names(self) -> dict[int, str]:
        """Of all of them; an actor has the same name in each."""
        names = super().names()
        for other in self._others:
            names |= other.names()
        return names

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """All of them."""
        for other in self._others:
            other.request_stop()
        super().stop(timeout_s)
        for other in self._others:
            other.stop(timeout_s)

    def close(self) -> None:
        """All of them."""
        super().close()
        for other in self._others:
            other.close()
