"""The sessions don't suffer from slow work elsewhere, and no message is lost by it (issue 3, row 2)."""

import time
from dataclasses import replace

import pytest
from makers import Connect, Operators, Sites
from mobile_operator import QUICK, UNDER_LOAD
from outages import paused
from platform_side import Platform
from reconciliation import assert_reconciled, message_ids
from waiting import wait_until

from sandbox.link_proxy import LinkProxy
from sandbox.stack import Stack

pytestmark = pytest.mark.scenarios

MESSAGES, TPS = 100, 50.0
ENQUIRY_S = 0.2  # of the SMSC
ANSWERED_S = 2.0  # the SMSC gives a link up that does not answer for so long
SETTLED_S = 60.0
PAUSED_S = 10.0
SLACK_S = 1.0  # of a busy machine


@pytest.mark.parametrize(
    "stopped_s", [3.0, pytest.param(60.0, marks=[pytest.mark.real_timers, pytest.mark.timeout(300)])]
)
def test_a_stopped_postgres_neither_ends_a_session_nor_loses_a_message(
    stack: Stack, site: Sites, operator: Operators, connect: Connect, platform: Platform, stopped_s: float
) -> None:
    smsc = site(enquire_link_s=ENQUIRY_S, deliver_answer_s=ANSWERED_S, receipt_delay_s=0.5)
    mno = operator(smsc, timers=UNDER_LOAD)
    connect(mno)
    ids = message_ids(mno, MESSAGES)
    load = platform.dispatch_load(mno.operator_id, ids, TPS)
    smsc.wait_for_submits(MESSAGES // 2)
    with paused(stack.postgres):
        answered = smsc.report()["enquire_links"]["answered"]
        paused_at = time.monotonic()
        wait_until(lambda: time.monotonic() - paused_at > stopped_s, stopped_s + 1, "the end of the pause")
        assert smsc.report()["enquire_links"]["answered"] - answered >= 0.5 * stopped_s / ENQUIRY_S
    load.result()
    assert_reconciled(platform, mno, ids, within_s=SETTLED_S)
    assert smsc.binds["total"] == 1


@pytest.mark.parametrize("name", ["postgres", "redis", "nats"])
def test_no_stopped_server_keeps_a_session_from_asking_whether_its_link_lives(
    stack: Stack, operator: Operators, connect: Connect, name: str
) -> None:
    mno = operator()
    (smsc,) = mno.sites
    connect(mno)
    with paused(getattr(stack, name)):
        asked, paused_at = smsc.report()["enquire_links"]["received"], time.monotonic()
        wait_until(lambda: smsc.report()["enquire_links"]["received"] >= asked + 4, PAUSED_S, "four enquire_links")
        assert time.monotonic() - paused_at < 4 * QUICK.enquire_link_s + SLACK_S
    assert smsc.binds["total"] == 1


def test_a_slow_link_in_single_octets_carries_everything(
    operator: Operators, connect: Connect, platform: Platform
) -> None:
    mno = operator(timers=replace(UNDER_LOAD, response_s=10.0))
    (smsc,) = mno.sites
    smsc.link(LinkProxy.slice)
    connect(mno)
    ids = message_ids(mno, 20)
    platform.dispatch_load(mno.operator_id, ids, TPS).result()
    assert_reconciled(platform, mno, ids)
    assert smsc.binds["total"] == 1


def test_a_link_with_a_long_delay_carries_everything(operator: Operators, connect: Connect, platform: Platform) -> None:
    mno = operator(timers=UNDER_LOAD)
    (smsc,) = mno.sites
    smsc.link(LinkProxy.delay, 0.3)
    connect(mno)
    ids = message_ids(mno, MESSAGES)
    platform.dispatch_load(mno.operator_id, ids, TPS).result()
    assert_reconciled(platform, mno, ids)
    assert smsc.binds["total"] == 1
