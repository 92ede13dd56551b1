"""The demonstration from the first server to the verdict; whatever happens, nothing of it stays."""

import time
from collections.abc import Iterable, Sequence

from nats.errors import Error as NatsError
from rich.console import Console

from sandbox.child import ServerError
from sandbox.demo.audit import cases_of, ledger_problems, message_problems, stray_problems
from sandbox.demo.cast import CAST
from sandbox.demo.connector import Connector, last_warnings
from sandbox.demo.container import ContainerConnector
from sandbox.demo.dispatches import DemoMessage
from sandbox.demo.display import display_for
from sandbox.demo.interruption import Interruption
from sandbox.demo.play import Outcome, Play, PlayStopped
from sandbox.demo.report import table_of
from sandbox.demo.sightings import read_record
from sandbox.demo.simulator import Simulators
from sandbox.stack import Stack

LOG_LINES = 20
"""Of the connector's log, shown after a failure."""


class Demonstration:
    """Sends `messages` at `rate` a second through the real service, from the container image `image` where one is
    named; `interruption` must be in use."""

    def __init__(
        self,
        console: Console,
        interruption: Interruption,
        messages: Sequence[DemoMessage],
        rate: float,
        image: str | None = None,
    ) -> None:
        self._console = console
        self._interruption = interruption
        self._messages = messages
        self._rate = rate
        self._image = image
        self._started = time.monotonic()

    def run(self) -> bool:
        """Whether all went well; raises ServerError or OSError where something does not start."""
        self._say("starting NATS (NKey), Postgres, Redis and the operator-management-service (mTLS)")
        with Stack() as stack:
            self._seed_file = stack.nats.add_user("platform")
            self._say("starting the simulated operators")
            self._tell(f"{role.operator_id}: {role.remark}" for role in CAST)
            with Simulators(stack.directory, CAST) as simulators:
                is_well = self._with_operators(stack, simulators)
        if is_well:
            self._say(
                f"all {len(self._messages)} messages got exactly one final event, and each was sent once and whole"
            )
        return is_well

    def _with_operators(self, stack: Stack, simulators: Simulators) -> bool:
        stack.write_operators(
            {simulator.role.operator_id: simulator.config() for simulator in simulators.all},
            {simulator.role.operator_id: simulator.credentials for simulator in simulators.all},
        )
        connector = self._connector(stack)
        self._say("smpp-connector migrate")
        _migrate(connector)
        self._say("smpp-connector run")
        with connector:
            problems = self._with_service(stack, simulators, connector)
            if problems:
                self._complain(problems, last_warnings(connector.log_file, LOG_LINES))
            self._say("stopping")
        return not problems

    def _connector(self, stack: Stack) -> Connector:
        directory = stack.directory / "connector"
        if self._image is None:
            return Connector(directory, stack.environment)
        return ContainerConnector(directory, stack.environment, self._image)

    def _with_service(self, stack: Stack, simulators: Simulators, connector: Connector) -> list[str]:
        problems, outcome = self._play(stack, connector)
        if not outcome.published_at:
            return problems
        reports = {simulator.role.operator_id: simulator.report() for simulator in simulators.all}
        records = {simulator.role.operator_id: read_record(simulator.record_file) for simulator in simulators.all}
        cases = cases_of(self._messages, outcome, records)
        self._console.print(table_of(cases, CAST, reports))
        problems += [*message_problems(cases), *stray_problems(cases, outcome), *ledger_problems(cases, reports)]
        return problems + self._dump(connector)

    def _play(self, stack: Stack, connector: Connector) -> tuple[list[str], Outcome]:
        with display_for(self._console, self._messages) as display:
            play = Play(self._messages, display, lambda: connector.running)
            self._say(
                f"once the operators are BOUND, publishing {len(self._messages)} dispatches, {self._rate:g} a second"
            )
            try:
                self._interruption.run(play.perform(stack.nats.url, self._seed_file, self._rate))
            except (PlayStopped, NatsError, OSError) as error:
                return [str(error)], play.outcome()
        return [], play.outcome()

    def _dump(self, connector: Connector) -> list[str]:
        self._say("smpp-connector dump")
        result = connector.run_command("dump")
        self._tell(line.rstrip() for line in result.output.splitlines())
        return [] if result.exit_code == 0 else [f"dump ended with exit code {result.exit_code}"]

    def _complain(self, problems: Sequence[str], warnings: Sequence[str]) -> None:
        self._say("failed:")
        self._tell(problems)
        self._say("last warnings of the connector:" if warnings else "the connector has warned of nothing")
        self._tell(warnings)

    def _say(self, what: str) -> None:
        self._console.print(f"{time.monotonic() - self._started:5.1f} s  {what}", markup=False, highlight=False)

    def _tell(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def _migrate(connector: Connector) -> None:
    result = connector.run_command("migrate")
    if result.exit_code != 0:
        raise ServerError(f"migrate ended with exit code {result.exit_code}: {result.output.strip()}")
