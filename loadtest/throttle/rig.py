"""The replicas, their servers and an SMSC that writes down when each submit_sm came."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from loadtest.bench.connector import MeasuredConnector
from loadtest.bench.rig import PASSWORD
from loadtest.bench.simulator import Simulator
from loadtest.throttle.cases import Case
from sandbox.operator_data import Credentials
from sandbox.process import LOOPBACK
from sandbox.stack import Stack

OPERATOR = "limited"
RECEIPT_DELAY_S = 0.2


class Replica(MeasuredConnector):
    """One of several, under its own name."""

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), "CONNECTOR_ID": self.directory.name}

    def stand_still(self) -> None:
        """All its processes, until they are killed. To stop them in order would take the others' time on the CPU."""
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)


@dataclass(frozen=True, slots=True)
class ThrottleRig:
    """replicas: not started yet."""

    case: Case
    stack: Stack
    simulator: Simulator
    replicas: list[Replica]


@contextmanager
def running_rig(case: Case) -> Iterator[ThrottleRig]:
    """All of it, and nothing left of it afterwards. Raises ServerError."""
    with Stack() as stack, ExitStack() as ending:
        simulator = Simulator(stack.directory / "simulator", {"receipt_delay_s": RECEIPT_DELAY_S}, recorded=True)
        ending.enter_context(simulator)
        replicas = [
            Replica(stack.directory / f"replica-{number}", stack.environment) for number in range(case.replicas)
        ]
        for replica in replicas:
            ending.callback(replica.close)
        stack.write_operators(
            {OPERATOR: _operator(case, simulator.port)},
            {OPERATOR: Credentials(system_id=OPERATOR, password=PASSWORD, version=1)},
        )
        replicas[0].migrate()
        yield ThrottleRig(case, stack, simulator, replicas)


def _operator(case: Case, port: int) -> dict[str, object]:
    return {"operator_id": OPERATOR, "tps": case.limit, "endpoints": [{"host": LOOPBACK, "port": port}]}
