"""Each way of not being bound has its own words and its own wait (issue 3, row 1)."""

import pytest
from fleet import Fleet
from makers import Connect, Operators, Sites
from mobile_operator import QUICK
from platform_side import HEALTH, Platform
from waiting import wait_until

from sandbox.link_proxy import LinkProxy

pytestmark = pytest.mark.scenarios

SEEN_S = 10.0
BACKOFF_S = (0.0, QUICK.reconnect_max_s)  # from and to, as the dump shows what is left of the wait

REFUSALS = {
    "ESME_RALYBND": ("bind refused: ESME_RALYBND, the SMSC still holds our old bind", (25.0, 30.0)),
    "ESME_RBINDFAIL": ("bind refused: ESME_RBINDFAIL, the SMSC gives no cause", BACKOFF_S),
    "ESME_RINVPASWD": ("bind refused: ESME_RINVPASWD, password refused", (55.0, 60.0)),
    "ESME_RINVSYSID": ("bind refused: ESME_RINVSYSID, system_id refused", (55.0, 60.0)),
    "ESME_RTHROTTLED": ("bind refused: ESME_RTHROTTLED, the SMSC takes no more binds for now", (5.0, 10.0)),
    "0x00000444": ("bind refused: 0x00000444", BACKOFF_S),
}


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refused_bind_says_why_in_log_dump_and_event_and_waits_accordingly(
    operator: Operators, connect: Connect, fleet: Fleet, platform: Platform, status: str
) -> None:
    """New settings that need a new bind, which the SMSC refuses."""
    words, (least_s, most_s) = REFUSALS[status]
    mno = operator()
    service = connect(mno)
    mno.sites[0].change(bind_status=status)
    mno.settings["bind"] = {"system_type": "new"}
    fleet.tell(mno)
    session = service.running_node(mno.session(), last_error=words)
    assert least_s <= session["retry_in_s"] <= most_s
    failed = service.events("bind_failed")[0]
    assert (failed["level"], failed["message"], failed["actor"]) == ("WARNING", words, mno.session())
    unbound = platform.wait_for(HEALTH, mno.operator_id, 2)[1]
    assert (unbound["state"], unbound["reason"]) == ("UNBOUND", words)


def test_refused_binds_are_counted_by_their_status(site: Sites, operator: Operators, connect: Connect) -> None:
    mno = operator(site(bind_status="ESME_RINVPASWD"))
    service = connect(mno, wait=False)
    counted = f'smpp_binds_total{{operator="{mno.operator_id}",result="ESME_RINVPASWD"}}'
    wait_until(lambda: service.metrics().get(counted) == 1, SEEN_S, counted)


def test_an_operator_that_does_not_answer_the_bind_is_said_to(operator: Operators, connect: Connect) -> None:
    mno = operator()
    mno.sites[0].change(listener="deaf")
    service = connect(mno, wait=False)
    service.running_node(mno.session(), last_error="bind not answered")


def test_an_operator_that_is_not_there_is_said_to(operator: Operators, connect: Connect) -> None:
    mno = operator()
    mno.sites[0].link(LinkProxy.refuse)
    service = connect(mno, wait=False)
    wait_until(lambda: service.events("bind_failed"), SEEN_S, "a failed bind in the log")
    assert service.events("bind_failed")[0]["message"].startswith("connect failed")


@pytest.mark.real_timers
def test_an_old_bind_is_waited_out(site: Sites, operator: Operators, connect: Connect) -> None:
    """The next bind comes when the wait is over, not with the backoff."""
    smsc = site(bind_status="ESME_RALYBND")
    mno = operator(smsc)
    connect(mno, wait=False)
    wait_until(lambda: smsc.binds["refused"], SEEN_S, "a bind refused")
    smsc.change(bind_status="ESME_ROK")
    smsc.wait_for_binds(1, within_s=35.0)
    first, second = smsc.opened_at
    assert second - first >= 29.0
