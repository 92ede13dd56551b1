"""Each server that the service needs is away for a while, under load; and all of them at once."""

from collections.abc import Sequence

import pytest
from chaos_trial import Case, Hold, Trial

from sandbox.process import ServerProcess

pytestmark = pytest.mark.timeout(240)

AWAY_S = 10.0


@pytest.mark.parametrize("name", ["NATS", "Postgres", "Redis", "the operator-management-service"])
def test_a_server_is_away(trial: Trial, hold: Hold, name: str):
    hold(outage(f"{name} stopped for {AWAY_S:g} s", [trial.ground.servers[name]]))


def test_all_servers_are_away(trial: Trial, hold: Hold):
    hold(outage(f"all four stopped for {AWAY_S:g} s", list(trial.ground.servers.values())))


def outage(name: str, servers: Sequence[ServerProcess]) -> Case:
    """Their links to the SMSCs stay, so that no submit_sm loses its answer."""

    def stop() -> None:
        for server in servers:
            server.request_stop()
        for server in servers:
            server.stop()

    def start() -> None:
        for server in servers:
            server.launch()
        for server in servers:
            server.wait_ready()

    return Case(name, stop, start, AWAY_S)
