"""A link is watched, and found dead in time, whatever has happened to it (issue 3, row 2)."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from connector_process import ConnectorProcess
from makers import Connect, Operators
from mobile_operator import BOTH_TIMERS, QUICK, REAL, MobileOperator, Timers
from operator_site import Site
from platform_side import HEALTH, Platform
from waiting import wait_until

from sandbox.link_proxy import EITHER, Direction, LinkProxy

pytestmark = pytest.mark.scenarios

SEEN_S = 10.0
SLACK_S = 1.0  # of a busy machine
ROUNDS = 3
UNHURRIED = replace(QUICK, reconnect_min_s=5.0, reconnect_max_s=5.0)  # time to look at a session that is lost


@pytest.fixture(params=BOTH_TIMERS)
def timers(request: pytest.FixtureRequest) -> Timers:
    chosen: Timers = request.param
    return chosen


@pytest.fixture
def mno(operator: Operators, timers: Timers) -> MobileOperator:
    return operator(timers=timers)


@pytest.fixture
def smsc(mno: MobileOperator) -> Site:
    return mno.sites[0]


@pytest.fixture
def service(mno: MobileOperator, connect: Connect) -> Iterator[ConnectorProcess]:
    """Bound; no link was lost at the end but those that the test has lost."""
    return connect(mno)


def unbound_after_s(service: ConnectorProcess, since: float, within_s: float) -> float:
    """Seconds from `since` until the service has found out that a session is lost."""
    wait_until(lambda: service.events("session_unbound"), within_s, "the loss of the session in the log")
    return time.monotonic() - since


@pytest.mark.usefixtures("service")
def test_a_silent_link_is_asked_whether_it_lives(smsc: Site, timers: Timers) -> None:
    bound_at = time.monotonic()
    for round_ in range(1, ROUNDS + 1):
        wait_until(
            lambda: smsc.report()["enquire_links"]["received"] == round_,  # noqa: B023
            timers.enquire_link_s + SLACK_S,
            f"enquire_link {round_}",
        )
    took_s = time.monotonic() - bound_at
    assert (ROUNDS - 0.5) * timers.enquire_link_s <= took_s <= ROUNDS * timers.enquire_link_s + SLACK_S


def test_a_link_on_which_something_is_heard_is_not_asked(
    smsc: Site, service: ConnectorProcess, mno: MobileOperator, timers: Timers
) -> None:
    smsc.change(enquire_link_s=timers.enquire_link_s / 4)  # for new links
    smsc.link(LinkProxy.cut)
    wait_until(lambda: smsc.binds["total"] == 2, SEEN_S, "bound again")
    before = smsc.report()["enquire_links"]
    wait_until(
        lambda: smsc.report()["enquire_links"]["answered"] >= before["answered"] + 8,
        2 * timers.enquire_link_s + SLACK_S,
        "enquire_links of the SMSC answered",
    )
    assert smsc.report()["enquire_links"]["received"] == before["received"]


@pytest.mark.parametrize(
    ("timers", "fault"),
    [(QUICK, "silence"), (QUICK, "half-pdu"), pytest.param(REAL, "silence", marks=pytest.mark.real_timers)],
    indirect=["timers"],
)
def test_an_smsc_that_answers_no_enquire_link_is_unbound_within_response_s(
    smsc: Site, service: ConnectorProcess, timers: Timers, fault: str
) -> None:
    since = time.monotonic()
    smsc.act(fault)
    took_s = unbound_after_s(service, since, timers.dead_s + SLACK_S)
    assert took_s >= timers.response_s
    assert service.events("session_unbound")[0]["message"] == "enquire_link not answered"


@pytest.mark.parametrize(
    ("timers", "direction"),
    [
        (QUICK, Direction.TO_SERVER),
        (QUICK, Direction.TO_CLIENT),
        (QUICK, EITHER),
        pytest.param(REAL, EITHER, marks=pytest.mark.real_timers),
    ],
    indirect=["timers"],
)
def test_a_half_open_link_is_found_and_bound_anew(
    smsc: Site, service: ConnectorProcess, mno: MobileOperator, timers: Timers, direction: Direction
) -> None:
    since = time.monotonic()
    smsc.link(LinkProxy.stall, direction)
    unbound_after_s(service, since, timers.dead_s + SLACK_S)
    smsc.resume_links()
    mno.wait_bound(service, timers.dead_s + 2 * timers.reconnect_max_s)


def test_an_smsc_that_only_accepts_connections_is_given_up_within_response_s(
    smsc: Site, service: ConnectorProcess, mno: MobileOperator, timers: Timers
) -> None:
    smsc.link(LinkProxy.deafen)
    smsc.link(LinkProxy.cut)
    since = time.monotonic()
    wait_until(
        lambda: service.events("bind_failed"),
        timers.reconnect_min_s * 1.1 + timers.response_s + SLACK_S,
        "the bind given up",
    )
    assert time.monotonic() - since >= timers.response_s
    smsc.resume_links()
    mno.wait_bound(service, timers.dead_s + 2 * timers.reconnect_max_s)


LOSSES: dict[str, tuple[Callable[[Site], object], str]] = {
    "closed": (lambda smsc: smsc.link(LinkProxy.cut), "link closed by the SMSC"),
    "reset": (lambda smsc: smsc.link(LinkProxy.reset), "Connection reset by peer"),
    "unbound": (lambda smsc: smsc.act("unbind"), "unbound by the SMSC"),
    "silent": (lambda smsc: smsc.act("silence"), "enquire_link not answered"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lost_session_says_why_in_log_dump_and_event(
    operator: Operators, connect: Connect, platform: Platform, loss: str
) -> None:
    lose, words = LOSSES[loss]
    mno = operator(timers=UNHURRIED)
    service = connect(mno)
    lose(mno.sites[0])
    service.running_node(mno.session(), bound=False, last_error=words)
    assert [event["message"] for event in service.events("session_unbound")] == [words]
    unbound = platform.wait_for(HEALTH, mno.operator_id, 2)[1]
    assert (unbound["state"], unbound["reason"]) == ("UNBOUND", words)
