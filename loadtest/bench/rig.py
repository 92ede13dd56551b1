"""Everything that one measurement needs, started for it and gone after it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import getpid
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from loadtest.bench.accounting import CpuTimes, busy_s, cpu_spent, cpu_times, pss_bytes
from loadtest.bench.connector import MeasuredConnector
from loadtest.bench.figures import CONNECTOR, LOAD_GENERATOR, SERVERS, SIMULATOR, Usage
from loadtest.bench.simulator import Simulator
from loadtest.bench.trace_sink import TraceSink
from sandbox.demo.connector import last_warnings
from sandbox.operator_data import Credentials
from sandbox.process import LOOPBACK
from sandbox.process_tree import process_tree
from sandbox.stack import Stack

PASSWORD = "sandbox"  # at most 8 characters (SMPP 3.4, 4.1.1); the simulator lets anyone in

MOST_WARNINGS = 10  # lines of the connector's log shown with a failure


class NeverHappened(Exception):
    """Something did not come about in time; the message says what."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Operators, and how the simulator treats them.

    operators, tps: how many, and the limit of each. window: unanswered submit_sm of a bind; None: the connector's
    default. receipt_delay_s: from the submit_sm_resp to the receipt. recorded: the simulator notes each submit_sm.
    traits: more of sandbox.smsc.character. sessions: of each operator. names: of the operators, else bench-0 and so on.
    sampled_percent: of the messages that are traced, by their publisher's choice; None: there is no collector.
    """

    operators: int
    tps: int
    receipt_delay_s: float
    window: int | None = None
    recorded: bool = False
    traits: Mapping[str, object] = field(default_factory=dict)
    sessions: int = 1
    sampled_percent: int | None = None
    names: Sequence[str] = ()

    @property
    def operator_ids(self) -> list[str]:
        return list(self.names) or [f"bench-{number}" for number in range(self.operators)]

    @property
    def binds(self) -> int:
        """Of all operators together."""
        return self.operators * self.sessions


class Reading(NamedTuple):
    """CPU times at one moment. machine_s: of everything on this machine."""

    at: float
    machine_s: float
    groups: Mapping[str, CpuTimes]


@dataclass(frozen=True, slots=True)
class Rig:
    """A connector whose operators are still disabled, its servers and its SMSC."""

    plan: Plan
    stack: Stack
    simulator: Simulator
    connector: MeasuredConnector

    def enable_operators(self, enabled: bool = True, port: int | None = None) -> None:
        """Seen by the connector when it is told that the operators have changed.

        port: where it reaches the simulator, if by way of a link proxy.
        """
        endpoint = {"host": LOOPBACK, "port": port or self.simulator.port}
        operators = {
            operator_id: self._operator(operator_id, enabled, endpoint) for operator_id in self.plan.operator_ids
        }
        credentials = {
            operator_id: Credentials(system_id=operator_id, password=PASSWORD, version=1) for operator_id in operators
        }
        self.stack.write_operators(operators, credentials)

    def read_cpu(self) -> Reading:
        """The connector, each of SERVERS, simulator, load generator, and the machine as a whole."""
        groups = {name: cpu_times(pids) for name, pids in self._pids().items()}
        return Reading(monotonic(), busy_s(), groups)

    def connector_pss_bytes(self) -> int:
        """Memory of all processes of the connector, shared pages counted once."""
        return pss_bytes(self.connector.pids())

    def _pids(self) -> dict[str, list[int]]:
        stack = self.stack
        servers = (stack.nats, stack.postgres, stack.redis, stack.operator_management)
        roots = dict(zip(SERVERS, servers, strict=True)) | {SIMULATOR: self.simulator}
        trees = {name: [process.pid for process in process_tree(root.child.pid)] for name, root in roots.items()}
        return {CONNECTOR: self.connector.pids(), **trees, LOAD_GENERATOR: [getpid()]}

    def _operator(self, operator_id: str, enabled: bool, endpoint: Mapping[str, object]) -> dict[str, object]:
        plan = self.plan
        window = {} if plan.window is None else {"window": plan.window}
        return {
            "operator_id": operator_id,
            "enabled": enabled,
            "tps": plan.tps,
            "endpoints": [endpoint],
            **window,
            "bind": {"sessions": plan.sessions},
        }


@contextmanager
def running_rig(
    plan: Plan, connector_of: Callable[[Path, Mapping[str, str]], MeasuredConnector] = MeasuredConnector
) -> Iterator[Rig]:
    """All of it, with the durability of production, and nothing left of it afterwards. Raises ServerError.

    A NeverHappened that passes through gets the last warnings of the connector.

    Durable means: Postgres syncs every commit; NATS stores on disk and syncs every two minutes, as each of a cluster of
    three may.
    """
    with Stack() as stack, TraceSink() as traces:
        traits = {"receipt_delay_s": plan.receipt_delay_s, **plan.traits}
        simulator = Simulator(stack.directory / "simulator", traits, recorded=plan.recorded)
        tracing = {} if plan.sampled_percent is None else traces.settings
        connector = connector_of(stack.directory / "connector", {**stack.environment, **tracing})
        rig = Rig(plan, stack, simulator, connector)
        rig.enable_operators(False)
        connector.migrate()
        with simulator, connector:
            try:
                yield rig
            except NeverHappened as error:
                raise NeverHappened(
                    "\n".join([str(error), *last_warnings(connector.log_file, MOST_WARNINGS)])
                ) from None


def usage_between(before: Reading, after: Reading) -> Usage:
    """What was used between two readings."""
    spent = {name: cpu_spent(before.groups[name], after.groups[name]) for name in after.groups}
    ours_s = sum(group.total_s for group in spent.values())
    rest_s = max(0.0, after.machine_s - before.machine_s - ours_s)
    return Usage(after.at - before.at, spent, rest_s)
