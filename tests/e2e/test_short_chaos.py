"""A short part of the crash matrix (tests/chaos): here only what holds at any speed of the machine."""

import math
import signal
from collections.abc import Iterator

import pytest
from background_loop import BackgroundLoop
from chaos_trial import Case, Pace, Trial, running_trial

from sandbox.process_tree import signal_all
from sandbox.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PATIENCE_S = 60.0  # no submit_sm is to be given up because the machine is slow
SHORT = Pace(tps=100.0, steady_s=1.5, watched_s=3.0, full_rate_s=math.inf, response_s=PATIENCE_S)
AWAY_S = 2.0
OPERATORS = 3


@pytest.fixture(scope="module")
def trial(loop: BackgroundLoop) -> Iterator[Trial]:
    with Stack() as stack, running_trial(loop, stack, SHORT) as running:
        yield running


def test_a_replica_is_killed(trial: Trial):
    processes = trial.ground.replicas[0].processes()

    case = Case("SIGKILL of a whole replica", lambda: signal_all(processes, signal.SIGKILL), sessions=OPERATORS)

    assert trial.run(case).reckoning.problems == []


def test_all_servers_are_away(trial: Trial):
    case = Case("all servers stopped", trial.ground.stop_servers, trial.ground.start_servers, AWAY_S)

    assert trial.run(case).reckoning.problems == []
