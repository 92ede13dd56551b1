"""Many services on one stack: each gets operators, a group, a folder and a name of its own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Protocol

from connector_process import ConnectorProcess
from log_form import faulty_lines

from sandbox.operator_data import Credentials
from sandbox.stack import Stack

_numbers = count(1)


class Operator(Protocol):
    """What the operator-management-service tells of one."""

    operator_id: str
    credentials: Credentials

    @property
    def config(self) -> Mapping[str, Any]: ...


class Services:
    """Starts services; knows which operators the operator-management-service is to tell of."""

    def __init__(self, stack: Stack, *, is_migrated: bool = False) -> None:
        """is_migrated: the schema is there already."""
        self._stack = stack
        self._groups: dict[str, Sequence[Operator]] = {}
        self._is_migrated = is_migrated

    @contextmanager
    def running(self, *operators: Operator, **settings: str) -> Iterator[ConnectorProcess]:
        """A service with these operators; at the end it must stop well and leave nothing."""
        with self.registered(*operators) as group, self.prepared(CONNECTOR_GROUP=group, **settings) as process:
            self._migrate(process)
            process.start()
            yield process
            _end_well(process)

    @contextmanager
    def prepared(self, **settings: str) -> Iterator[ConnectorProcess]:
        """A service that has not been started; what is left of it at the end is killed."""
        process = ConnectorProcess({**self._stack.environment, **settings})
        try:
            yield process
        finally:
            print(process.log_file.read_text() if process.log_file.exists() else "no log")
            process.close()

    @contextmanager
    def registered(self, *operators: Operator) -> Iterator[str]:
        """The name of a connector group with these operators; without one, a service is degraded."""
        group = f"group-{next(_numbers)}"
        self._groups[group] = operators
        self._write()
        try:
            yield group
        finally:
            del self._groups[group]
            self._write()

    def _write(self) -> None:
        everyone = [operator for operators in self._groups.values() for operator in operators]
        self._stack.write_operators(
            {operator.operator_id: operator.config for operator in everyone},
            {operator.operator_id: operator.credentials for operator in everyone},
            {group: [operator.operator_id for operator in operators] for group, operators in self._groups.items()},
        )

    def _migrate(self, process: ConnectorProcess) -> None:
        if not self._is_migrated:
            assert process.run_command("migrate").returncode == 0
            self._is_migrated = True


def _end_well(process: ConnectorProcess) -> None:
    if process.running:
        assert process.finish() == 0, "the service did not stop well"
    assert process.left_over() == [], "processes of the service are left"
    assert process.events("actor_bug") == [], "a bug ended an actor"
    assert process.log, "the service wrote no log"
    assert faulty_lines(process.log) == [], "lines of the log are not in its form"
