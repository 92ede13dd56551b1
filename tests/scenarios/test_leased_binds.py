"""Never more binds than the operator allows over all replicas, as the SMSC counts them (issue 3, row 5)."""

import time
from collections.abc import Sequence

import pytest
from connector_process import ConnectorProcess
from fleet import Fleet
from makers import Limited, Operators
from mobile_operator import UNDER_LOAD, MobileOperator
from operator_site import Site
from platform_side import Platform
from reconciliation import assert_reconciled, message_ids
from waiting import wait_until

from adapters.redis_leases import TTL_S

pytestmark = pytest.mark.scenarios

REPLICAS = ("one", "two", "three")
SPREAD_S = 3 * TTL_S
HANDED_OVER_S = TTL_S / 2  # generous, and less than what an unreleased lease would take
MESSAGES, TPS = 500, 50.0


def holds(replicas: Sequence[ConnectorProcess], mno: MobileOperator) -> list[int]:
    """Binds that each replica has."""
    nodes = [replica.node(mno.actor) for replica in replicas]
    return [node.get("sessions_bound", 0) if node else 0 for node in nodes]


def wait_for_spread(replicas: Sequence[ConnectorProcess], mno: MobileOperator, spread: list[int]) -> None:
    wait_until(lambda: sorted(holds(replicas, mno)) == spread, SPREAD_S, f"binds held as {spread}")


def seconds_to_take_over(smsc: Site, binds: int, within_s: float) -> float:
    """From the end of a bind until there are as many as before."""
    wait_until(lambda: smsc.binds["now"] < binds, within_s, "the end of a bind")
    free_since = time.monotonic()
    wait_until(lambda: smsc.binds["now"] == binds, within_s, "the free bind taken")
    return time.monotonic() - free_since


@pytest.mark.parametrize(
    ("sessions", "max_binds", "spread"), [(1, 2, [0, 1, 1]), (2, 3, [1, 1, 1])], ids=["2 for 3", "3 for 6"]
)
def test_the_binds_are_spread_evenly_and_are_never_too_many(
    fleet: Fleet, limited: Limited, platform: Platform, sessions: int, max_binds: int, spread: list[int]
) -> None:
    """Under traffic, so that a bind which goes to another replica may not take messages with it."""
    mno = limited(max_binds, sessions=sessions, timers=UNDER_LOAD)
    fleet.tell(mno)
    replicas = fleet.start(*REPLICAS)
    ids = message_ids(mno, MESSAGES)
    load = platform.dispatch_load(mno.operator_id, ids, TPS)
    wait_for_spread(replicas, mno, spread)
    load.result()
    assert_reconciled(platform, mno, ids)
    assert sorted(holds(replicas, mno)) == spread
    assert mno.sites[0].binds["highest"] == max_binds


def test_a_bind_given_back_is_taken_by_a_replica_that_waits_for_it(fleet: Fleet, limited: Limited) -> None:
    mno = limited(2, timers=UNDER_LOAD)
    (smsc,) = mno.sites
    fleet.tell(mno)
    replicas = fleet.start(*REPLICAS)
    wait_for_spread(replicas, mno, [0, 1, 1])
    holder = replicas[holds(replicas, mno).index(1)]
    holder.request_stop()
    took_s = seconds_to_take_over(smsc, 2, within_s=TTL_S)
    print(f"a free bind was taken after {took_s:.2f} s")
    assert took_s < HANDED_OVER_S
    assert smsc.binds["highest"] == 2


def test_the_bind_of_a_killed_replica_is_taken_when_its_lease_ends(fleet: Fleet, limited: Limited) -> None:
    mno = limited(2, timers=UNDER_LOAD)
    (smsc,) = mno.sites
    fleet.tell(mno)
    replicas = fleet.start(*REPLICAS)
    wait_for_spread(replicas, mno, [0, 1, 1])
    replicas[holds(replicas, mno).index(1)].kill()
    took_s = seconds_to_take_over(smsc, 2, within_s=2 * TTL_S)
    print(f"the bind of a killed replica was taken after {took_s:.2f} s")
    assert smsc.binds["highest"] == 2


def test_a_rolling_replacement_under_traffic_never_makes_too_many_binds(
    fleet: Fleet, limited: Limited, platform: Platform
) -> None:
    mno = limited(2, timers=UNDER_LOAD)
    fleet.tell(mno)
    old = fleet.start(*REPLICAS)
    wait_for_spread(old, mno, [0, 1, 1])
    ids = message_ids(mno, MESSAGES)
    load = platform.dispatch_load(mno.operator_id, ids, TPS)
    for number, leaving in enumerate(old):
        fleet.start(f"new-{number}")
        assert leaving.finish() == 0
    load.result()
    assert_reconciled(platform, mno, ids)
    assert mno.sites[0].binds["highest"] == 2


def test_a_limit_that_changes_takes_and_gives_binds_without_losing_a_message(
    fleet: Fleet, limited: Limited, platform: Platform
) -> None:
    mno = limited(3, timers=UNDER_LOAD)
    (smsc,) = mno.sites
    fleet.tell(mno)
    replicas = fleet.start(*REPLICAS)
    wait_for_spread(replicas, mno, [1, 1, 1])
    ids = message_ids(mno, MESSAGES)
    load = platform.dispatch_load(mno.operator_id, ids, TPS)
    change_limit(mno, 1, fleet)
    smsc.wait_for_binds(1, SPREAD_S)
    change_limit(mno, 2, fleet)
    smsc.wait_for_binds(2, SPREAD_S)
    load.result()
    assert_reconciled(platform, mno, ids)
    assert (smsc.binds["total"], smsc.binds["unbinds"]) == (4, 2)


def test_a_limit_that_comes_and_goes_ends_only_the_binds_that_are_too_many(fleet: Fleet, operator: Operators) -> None:
    mno = operator()
    (smsc,) = mno.sites
    fleet.tell(mno)
    fleet.start(*REPLICAS)
    smsc.wait_for_binds(3)
    change_limit(mno, 2, fleet)
    smsc.wait_for_binds(2, SPREAD_S)
    change_limit(mno, None, fleet)
    smsc.wait_for_binds(3, SPREAD_S)
    assert (smsc.binds["total"], smsc.binds["unbinds"]) == (4, 1)


def change_limit(mno: MobileOperator, max_binds: int | None, fleet: Fleet) -> None:
    mno.settings["bind"] = {**mno.settings.get("bind", {}), "max_binds": max_binds}
    fleet.tell(mno)
