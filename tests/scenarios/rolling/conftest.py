"""The chart's Deployment, with processes for pods."""

import os
from collections.abc import Iterator

import pytest
from background_loop import BackgroundLoop
from deployment import Deployment, ProbedContainer, ProbedProcess, Rules
from fleet import Fleet
from helm_chart import HELM, rendering

from sandbox.stack import Stack


@pytest.fixture(scope="session")
def rules() -> Rules:
    """Of the chart's defaults."""
    if not HELM.exists():
        pytest.skip("helm is not installed: use `make rolling`")
    return Rules.of(rendering("defaults"))


@pytest.fixture(params=[ProbedProcess, ProbedContainer], ids=["processes", "containers"])
def fleet(stack: Stack, loop: BackgroundLoop, prepared: None, request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """Replicas whose probes can be asked from the start; as containers, where IMAGE names the image."""
    if request.param is ProbedContainer and not os.environ.get("IMAGE"):
        pytest.skip("IMAGE names no image: build it with `make image`, then `make rolling`")
    with Fleet(stack, loop, request.param) as running:
        yield running


@pytest.fixture
def deployment(fleet: Fleet, rules: Rules) -> Iterator[Deployment]:
    """Not rolled out yet; its pods are replicas of the fleet."""
    made = Deployment(rules, fleet.launch)
    yield made
    made.forget()
