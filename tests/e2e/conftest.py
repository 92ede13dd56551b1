"""The service of a module, with the `operators` that the module names, and the platform's side of it.

A module whose service is another one has fixtures of its own by these names.
"""

from collections.abc import Iterator, Mapping

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from platform_side import Platform
from services import Services
from simulated_operator import SimulatedOperator

from sandbox.stack import Stack


@pytest.fixture(scope="module")
def connector(services: Services, operators: Mapping[str, SimulatedOperator]) -> Iterator[ConnectorProcess]:
    with services.running(*operators.values()) as process:
        yield process


@pytest.fixture(scope="module")
def platform(loop: BackgroundLoop, stack: Stack, connector: ConnectorProcess) -> Iterator[Platform]:
    with Platform(loop, stack) as side:
        yield side
