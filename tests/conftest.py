"""Servers and services that tests of several folders use; started when first asked for, gone at the end.

What the fixtures are made of is in tests/support.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from hypothesis import settings
from services import Services

from sandbox.nats import NatsServer
from sandbox.postgres import PostgresServer
from sandbox.redis import RedisServer
from sandbox.stack import Stack

TESTS = Path(__file__).parent
WITH_PROCESSES = (TESTS / "integration", TESTS / "e2e")

settings.register_profile("untimed", deadline=None)  # no test fails because the machine stood still
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Machines of CI are shared and stand still for seconds: there a failed test with processes gets a second try."""
    if not os.environ.get("CI"):
        return
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in WITH_PROCESSES):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Why a first try failed: its second one hides no fault."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.write_sep("-", f"first try of {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All servers, for the whole run: tests keep apart by their own operators, databases and names."""
    with new_stack(tmp_path_factory) as running:
        yield running


def new_stack(tmp_path_factory: pytest.TempPathFactory) -> AbstractContextManager[Stack]:
    if not os.environ.get("TEST_CONTAINERS"):
        return Stack()
    from container_servers import containers_stack  # needs what only `make test-containers` installs

    return containers_stack(tmp_path_factory.mktemp("containers"))


@pytest.fixture(scope="session")
def postgres(stack: Stack) -> PostgresServer:
    return stack.postgres


@pytest.fixture(scope="session")
def redis_server(stack: Stack) -> RedisServer:
    return stack.redis


@pytest.fixture(scope="session")
def nats_server(stack: Stack) -> NatsServer:
    return stack.nats


@pytest.fixture(scope="session")
def loop() -> Iterator[BackgroundLoop]:
    """An event loop beside the tests, for simulated operators and the platform's side of NATS."""
    with BackgroundLoop() as running:
        yield running


@pytest.fixture(scope="session")
def services(stack: Stack) -> Services:
    return Services(stack)


@pytest.fixture
def service(services: Services) -> Iterator[Callable[..., ConnectorProcess]]:
    """Starts services with simulated operators and settings; each must stop well and leave no process."""
    with ExitStack() as running:
        yield lambda *operators, **settings: running.enter_context(services.running(*operators, **settings))
