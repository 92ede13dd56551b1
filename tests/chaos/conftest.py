"""The crash matrix: what each case came to is printed as a line, and all of it at the end as one JSON object."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from background_loop import BackgroundLoop
from chaos_trial import Case, Hold, Trial, running_trial
from reliability_page import Summary, write_rows

from sandbox.stack import Stack

LINE = "line of the case"
SUMMARY = pytest.StashKey[Summary]()


@pytest.fixture(scope="session")
def trial(loop: BackgroundLoop) -> Iterator[Trial]:
    """Most cases share it; a module whose surroundings differ has one of its own by this name."""
    with Stack() as stack, running_trial(loop, stack) as running:
        yield running


@pytest.fixture
def hold(trial: Trial, request: pytest.FixtureRequest) -> Hold:
    """Runs a case, whose promises must hold."""
    trial.ground.wait_healthy()

    def run(case: Case) -> None:
        verdict = trial.run(case)
        request.config.stash[SUMMARY].verdicts.append(verdict)
        request.node.user_properties.append((LINE, verdict.line))
        assert verdict.reckoning.problems == []

    return run


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--page", type=Path, help="the page whose table gets a row of each case")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SUMMARY] = Summary()


@pytest.hookimpl(wrapper=True)
def pytest_report_teststatus(report: pytest.TestReport) -> Generator[None, object, object]:
    """The line of a case in the place of a dot."""
    category, letter, word = yield
    line = dict(report.user_properties).get(LINE)
    if report.when == "call" and line:
        return category, f"{line} {word}\n", word
    return category, letter, word


def pytest_unconfigure(config: pytest.Config) -> None:
    summary = config.stash[SUMMARY]
    if page := config.getoption("--page"):
        write_rows(page, summary.verdicts)
    print(summary.as_json())
