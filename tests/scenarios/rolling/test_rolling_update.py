"""A rolling update under load, as the chart's Deployment does it, at the timers of the specification."""

from contextlib import ExitStack

import pytest
from deployment import Deployment
from fleet import Fleet
from makers import Operators, Sites
from mobile_operator import REAL, MobileOperator
from platform_side import Platform
from reconciliation import assert_reconciled
from steady_load import SteadyLoad

pytestmark = [pytest.mark.real_timers, pytest.mark.timeout(900)]

ROLLOUT_S = 300.0
LOAD_TPS = 100.0  # of each operator
SETTLED_S = 90.0


def test_an_update_under_load_unbinds_no_operator_and_neither_loses_nor_doubles_a_message(
    fleet: Fleet, deployment: Deployment, site: Sites, operator: Operators, platform: Platform
):
    free = operator(timers=REAL, tps=200)
    of_two_binds = operator(site(max_binds=2), timers=REAL, tps=200, bind={"max_binds": 2})
    fleet.tell(free, of_two_binds)
    deployment.roll_out("old", ROLLOUT_S)

    loads = update_under_load(deployment, platform, free, of_two_binds)

    for mno, load in loads.items():
        assert_unharmed(mno)
        assert_reconciled(platform, mno, load.ids, within_s=SETTLED_S)
    assert of_two_binds.sites[0].binds["highest"] == 2
    assert [name for name, pod in deployment.pods.items() if pod.was_condemned or pod.was_killed] == []
    assert {name: pod.exit_code for name, pod in deployment.pods.items() if name.startswith("old")} == {
        "old-0": 0,
        "old-1": 0,
    }


def update_under_load(
    deployment: Deployment, platform: Platform, *operators: MobileOperator
) -> dict[MobileOperator, SteadyLoad]:
    """From the old version to the new one; the load began before and ends after it."""
    loads = {mno: SteadyLoad(platform, mno, LOAD_TPS) for mno in operators}
    with ExitStack() as running:
        for load in loads.values():
            running.enter_context(load)
        deployment.roll_out("new", ROLLOUT_S)
    return loads


def assert_unharmed(mno: MobileOperator) -> None:
    """As its SMSC saw it: always bound, never asked for a bind too many, and every receipt taken."""
    (site,) = mno.sites
    report = site.report()
    assert report["binds"]["lowest"] >= 1
    assert report["binds"]["refused"] == {}
    receipts = report["receipts"]
    assert (receipts["refused"], receipts["timed_out"], receipts["given_up"], receipts["dropped"]) == (0, 0, 0, 0)
