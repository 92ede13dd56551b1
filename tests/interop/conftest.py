"""Programs of others, installed when first asked for; tests of what this machine cannot have are skipped."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from independent_smsc import IndependentSmsc
from third_party import CLOUDHOPPER, NODE_SMPP, folder_of

DEFAULT_SECONDS = 20.0

_figures = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_figures] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = {report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])}  # one for many tests
    for line in [*config.stash[_figures], *sorted(left_out)]:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> list[str]:
    """Lines to be shown at the end of the run."""
    return request.config.stash[_figures]


@pytest.fixture(scope="session")
def seconds() -> float:
    """How long traffic is to run."""
    return float(os.environ.get("INTEROP_SECONDS", DEFAULT_SECONDS))


@pytest.fixture(scope="module", params=[NODE_SMPP, CLOUDHOPPER], ids=lambda program: program.name)
def smsc(request: pytest.FixtureRequest) -> Iterator[IndependentSmsc]:
    """Each of them in turn, running."""
    folder_of(request.param)
    with (
        tempfile.TemporaryDirectory(prefix="interop-") as folder,
        IndependentSmsc(Path(folder), request.param) as running,
    ):
        yield running
