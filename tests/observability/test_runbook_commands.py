"""Every command of the runbook that needs no cluster, as it stands there, against a running service."""

from collections.abc import Iterator

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from platform_side import Platform
from runbook import NEEDS_A_CLUSTER, Command, commands
from runbook_shell import RunbookShell
from services import Services
from simulated_operator import SimulatedOperator

from sandbox.stack import Stack

OPERATOR = "runbook"

COMMANDS = [command for command in commands() if not command.line.startswith(NEEDS_A_CLUSTER)]


@pytest.fixture(scope="module")
def service(loop: BackgroundLoop, stack: Stack, services: Services) -> Iterator[ConnectorProcess]:
    """With one operator, to which something has been sent."""
    with SimulatedOperator(loop, OPERATOR) as operator, services.running(operator) as process:
        process.first_session(OPERATOR, bound=True)
        with Platform(loop, stack) as platform:
            platform.final_event(platform.dispatch(OPERATOR))
        yield process


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command.section}: {command.line}")
def test_a_command_of_the_runbook_works_as_it_stands(service: ConnectorProcess, shell: RunbookShell, command: Command):
    result = shell.run(command.line, service, OPERATOR)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.strip()


def test_the_figures_that_the_runbook_reads_from_the_dump_are_there(service: ConnectorProcess, shell: RunbookShell):
    dump = shell.run("smpp-connector dump", service, OPERATOR).stdout
    figures = (
        "sessions bound",
        "sends",
        "window",
        "unconfirmed",
        "demand",
        "credentials version",
        "at its primary",
        "nats",
        "waiting frames",
        "rows written",
    )
    assert [words for words in figures if f"{words} " not in dump] == []
