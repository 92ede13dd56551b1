"""Servers and services that tests of several folders use; started when first asked for, gone at the end.

What the fixtures are made of is in tests/support.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from services import Services

from sandbox.nats import NatsServer
from sandbox.postgres import PostgresServer
from sandbox.redis import RedisServer
from sandbox.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """All servers, for the whole run: tests keep apart by their own operators, databases and names."""
    with Stack() as running:
        yield running


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
