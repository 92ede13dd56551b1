"""When a session comes back, and that it never comes twice (issue 3, row 3)."""

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from connector_process import ConnectorProcess
from makers import Connect, Operators, Sites
from mobile_operator import QUICK, REAL, Timers
from operator_site import Site
from waiting import wait_until

from sandbox.link_proxy import LinkProxy

pytestmark = pytest.mark.scenarios

SEEN_S = 20.0
SLACK_S = 0.3  # of a busy machine
JITTER = 1.1

QUICK_DELAYS = (0.2, 0.4, 0.8, 1.6, 1.6)
REAL_DELAYS = (5.0, 10.0, 20.0, 40.0, 60.0, 60.0)
BOTH_DELAYS = (
    pytest.param(QUICK, QUICK_DELAYS, id="quick"),
    pytest.param(REAL, REAL_DELAYS, id="real", marks=[pytest.mark.real_timers, pytest.mark.timeout(400)]),
)


def delays_at(smsc: Site, number: int) -> list[float]:
    """Seconds between the first connects; waits until there are so many of them."""
    wait_until(lambda: len(smsc.opened_at) > number, 2 * sum(REAL_DELAYS), f"{number + 1} connects")
    return [after - before for before, after in pairwise(smsc.opened_at)][:number]


def assert_delays(found: Sequence[float], expected: Sequence[float], most_s: float) -> None:
    for delay_s, least_s in zip(found, expected, strict=True):
        assert least_s <= delay_s <= min(JITTER * least_s, most_s) + SLACK_S, found


def wait_for_events(service: ConnectorProcess, event: str, number: int) -> None:
    wait_until(lambda: len(service.events(event)) >= number, SEEN_S, f"{event} in the log {number} times")


@pytest.mark.parametrize(("timers", "delays"), BOTH_DELAYS)
def test_each_failed_bind_doubles_the_wait_for_the_next(
    site: Sites, operator: Operators, connect: Connect, timers: Timers, delays: Sequence[float]
) -> None:
    smsc = site(bind_status="ESME_RBINDFAIL")
    connect(operator(smsc, timers=timers), wait=False)
    assert_delays(delays_at(smsc, len(delays)), delays, timers.reconnect_max_s)


def test_binds_that_do_not_last_as_long_as_the_wait_before_them_double_it_too(
    operator: Operators, connect: Connect
) -> None:
    mno = operator(timers=replace(QUICK, reconnect_min_s=1.0, reconnect_max_s=4.0))
    (smsc,) = mno.sites
    connect(mno)
    for number in range(1, 4):
        smsc.wait_for_binds(1)
        smsc.act("drop")
        wait_until(lambda: len(smsc.opened_at) > number, SEEN_S, "another connect")  # noqa: B023
    assert_delays(delays_at(smsc, 3), (1.0, 2.0, 4.0), 4.0)


def test_a_bind_that_lasted_starts_the_waits_anew(site: Sites, operator: Operators, connect: Connect) -> None:
    smsc = site(bind_status="ESME_RBINDFAIL")
    mno = operator(smsc)
    service = connect(mno, wait=False)
    waited_s = delays_at(smsc, 3)[-1]
    smsc.change(bind_status="ESME_ROK")
    mno.wait_bound(service)
    lasted = time.monotonic() + 2 * waited_s + SLACK_S
    wait_until(lambda: time.monotonic() > lasted, SEEN_S, "a bind that lasted")
    connects = len(smsc.opened_at)
    dropped_at = time.monotonic()
    smsc.act("drop")
    wait_until(lambda: len(smsc.opened_at) > connects, SEEN_S, "another connect")
    assert_delays([smsc.opened_at[-1] - dropped_at], QUICK_DELAYS[:1], QUICK.reconnect_max_s)


@pytest.mark.parametrize("mode", ["transceiver", "transmitter_receiver"])
def test_there_are_never_two_connections_for_one_bind(operator: Operators, connect: Connect, mode: str) -> None:
    mno = operator(bind={"mode": mode})
    (smsc,) = mno.sites
    service = connect(mno)
    for fault in (LinkProxy.cut, LinkProxy.reset, LinkProxy.stall, LinkProxy.deafen):
        binds = len(service.events("session_bound"))
        smsc.link(fault)
        wait_for_events(service, "session_unbound", binds)
        smsc.resume_links()
        wait_for_events(service, "session_bound", binds + 1)
    for act in ("unbind", "silence", "garbage"):
        binds = len(service.events("session_bound"))
        smsc.act(act)
        wait_for_events(service, "session_unbound", binds)
        wait_for_events(service, "session_bound", binds + 1)
    assert smsc.most_links == (1 if mode == "transceiver" else 2)
