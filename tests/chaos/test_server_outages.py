"""Each server that the service needs is away for a while, under load; and all of them at once."""

from functools import partial

import pytest
from chaos_trial import Case, Hold, Trial

pytestmark = pytest.mark.timeout(240)

AWAY_S = 10.0


@pytest.mark.parametrize("name", ["NATS", "Postgres", "Redis", "the operator-management-service"])
def test_a_server_is_away(trial: Trial, hold: Hold, name: str):
    """The links to the SMSCs stay, so that no submit_sm loses its answer."""
    ground = trial.ground
    stop, start = partial(ground.stop_servers, name), partial(ground.start_servers, name)

    hold(Case(f"{name} stopped for {AWAY_S:g} s", stop, start, AWAY_S))


def test_all_servers_are_away(trial: Trial, hold: Hold):
    ground = trial.ground
    hold(Case(f"all four stopped for {AWAY_S:g} s", ground.stop_servers, ground.start_servers, AWAY_S))
