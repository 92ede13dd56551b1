"""Traffic goes to the next endpoint when one is lost, and returns when it can be relied on again (issue 3, row 4)."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from connector_process import ConnectorProcess
from makers import Connect, Operators, Sites
from mobile_operator import BOTH_TIMERS, STEADY, MobileOperator, Timers
from operator_site import Site
from platform_side import Platform
from reconciliation import assert_reconciled, message_ids
from waiting import wait_until

from smpp.constants import CommandId
from smpp.hot import ShortMessage, encode_short_message, pdu

pytestmark = pytest.mark.scenarios

SEEN_S = 20.0
CLOCKS_S = 0.1  # between what the SMSC saw and what the service saw
MESSAGES, TPS = 300, 60.0
MORE_MESSAGES = 400  # for more moves

PRIMARY_BOUND, PRIMARY_LOST = ("BOUND", "primary"), ("UNBOUND", "primary")
BACKUP_BOUND, BACKUP_LOST = ("BOUND", "backup"), ("UNBOUND", "backup")
FAILBACK = ("FAILBACK", "primary")
FAILED_OVER = (PRIMARY_BOUND, PRIMARY_LOST, BACKUP_BOUND)

SLOW_PROBE = replace(STEADY, reconnect_min_s=30.0, reconnect_max_s=60.0)
PATIENT = replace(STEADY, failback_after_s=6.0)
NO_RETURN = replace(STEADY, failback_after_s=60.0)
ASKED_OFTEN = replace(STEADY, enquire_link_s=0.5, response_s=1.5)
ASKED_FOR_THE_RETURN = replace(STEADY, enquire_link_s=60.0, response_s=1.5, failback_after_s=0.3)
QUICK_AND_REAL = (pytest.param(STEADY, id="quick"), BOTH_TIMERS[1])

WithEndpoints = Callable[..., MobileOperator]


@pytest.fixture
def with_endpoints(site: Sites, operator: Operators) -> WithEndpoints:
    """An operator with so many sites, whose ids of messages differ, as those of one operator do."""

    def make(number: int = 2, **settings: object) -> MobileOperator:
        return operator(*(site(id_prefix=f"{place}-") for place in range(number)), **settings)

    return make


def fail_over(mno: MobileOperator, service: ConnectorProcess, *, lost: int = 0) -> None:
    """Take that site down; returns when the next one carries the traffic."""
    mno.sites[lost].go_down()
    mno.sites[lost + 1].wait_for_binds(mno.sessions)
    service.running_node(mno.actor, endpoint="backup", sessions_bound=mno.sessions)


def failovers(service: ConnectorProcess, mno: MobileOperator) -> dict[str, float]:
    counted = 'smpp_failovers_total{{operator="{}",to="{}"}}'.format
    return {to: service.metrics().get(counted(mno.operator_id, to), 0.0) for to in ("primary", "backup")}


def submits_of_unknown_outcome(service: ConnectorProcess, mno: MobileOperator) -> int:
    return int(service.metrics().get(f'smpp_submits_unknown_total{{operator="{mno.operator_id}"}}', 0))


def test_the_backup_is_bound_at_once_when_the_primary_is_lost(
    with_endpoints: WithEndpoints, connect: Connect, platform: Platform
) -> None:
    mno = with_endpoints(timers=SLOW_PROBE, bind={"sessions": 2})
    connect(mno)
    primary, backup = mno.sites
    assert backup.opened_at == []
    lost_at = time.monotonic()
    primary.go_down()
    backup.wait_for_binds(2)
    assert backup.opened_at[0] - lost_at < SLOW_PROBE.reconnect_min_s / 4
    platform.wait_for_transitions(mno.operator_id, *FAILED_OVER)


def test_a_primary_that_is_away_from_the_start_is_no_hindrance(
    with_endpoints: WithEndpoints, connect: Connect, platform: Platform
) -> None:
    mno = with_endpoints(timers=SLOW_PROBE)
    mno.sites[0].go_down()
    connect(mno)
    platform.final_event(platform.dispatch(mno.operator_id))
    assert platform.transitions(mno.operator_id) == [BACKUP_BOUND]


def test_the_primary_is_probed_with_the_backoff_while_the_backup_carries(
    with_endpoints: WithEndpoints, connect: Connect, platform: Platform
) -> None:
    mno = with_endpoints(timers=STEADY, bind={"sessions": 2})
    service = connect(mno)
    primary, _backup = mno.sites
    primary.change(bind_status="ESME_RBINDFAIL")
    connects = len(primary.opened_at)
    primary.act("drop")
    wait_until(lambda: len(primary.opened_at) >= connects + 5, SEEN_S, "five probes")
    waits = [after - before for before, after in pairwise(primary.opened_at[connects:])]
    for waited_s, least_s in zip(waits, [0.4, 0.8, 1.6, 1.6], strict=False):
        assert waited_s >= least_s
    platform.final_event(platform.dispatch(mno.operator_id))
    assert service.running_node(mno.actor, endpoint="backup")["sessions_bound"] == 2


@pytest.mark.parametrize("timers", QUICK_AND_REAL)
def test_the_traffic_returns_when_the_primary_has_been_bound_for_failback_after_s(
    with_endpoints: WithEndpoints, connect: Connect, platform: Platform, timers: Timers
) -> None:
    mno = with_endpoints(timers=timers)
    primary, backup = mno.sites
    service = connect(mno)
    fail_over(mno, service)
    primary.resume_links()
    primary.wait_for_binds(1, within_s=2 * timers.reconnect_max_s)
    bound_at = time.monotonic()
    backup.wait_for_binds(0, within_s=timers.failback_after_s + SEEN_S)
    assert time.monotonic() - bound_at >= timers.failback_after_s - CLOCKS_S
    platform.wait_for_transitions(mno.operator_id, *FAILED_OVER, FAILBACK)
    platform.final_event(platform.dispatch(mno.operator_id))
    assert (primary.submits, backup.submits) == (1, 0)


def test_under_traffic_only_what_was_unanswered_when_the_primary_was_lost_goes_out_twice(
    with_endpoints: WithEndpoints, connect: Connect, platform: Platform
) -> None:
    mno = with_endpoints(timers=STEADY, bind={"sessions": 2})
    primary, backup = mno.sites
    for smsc in mno.sites:
        smsc.change(answer_delay_s=0.05)
    service = connect(mno)
    ids = message_ids(mno, MESSAGES)
    load = platform.dispatch_load(mno.operator_id, ids, TPS)
    primary.wait_for_submits(MESSAGES // 4)
    fail_over(mno, service)
    backup.wait_for_submits(MESSAGES // 4)
    before = primary.submits
    primary.resume_links()
    backup.wait_for_binds(0)
    primary.wait_for_submits(before + 1)
    load.result()
    unknown = submits_of_unknown_outcome(service, mno)
    assert_reconciled(platform, mno, ids, sent_again=unknown)
    platform.wait_for_transitions(mno.operator_id, *FAILED_OVER, FAILBACK)
    assert failovers(service, mno) == {"primary": 1, "backup": 1}
    assert (backup.binds["total"], backup.binds["now"]) == (2, 0)


def test_three_endpoints_are_used_in_their_order(
    with_endpoints: WithEndpoints, connect: Connect, platform: Platform
) -> None:
    mno = with_endpoints(3, timers=STEADY)
    first, second, third = mno.sites
    service = connect(mno)
    ids = message_ids(mno, MORE_MESSAGES)
    load = platform.dispatch_load(mno.operator_id, ids, TPS)
    fail_over(mno, service)
    assert third.opened_at == []
    fail_over(mno, service, lost=1)
    third.wait_for_submits(1)
    second.resume_links()
    third.wait_for_binds(0)
    assert first.binds["now"] == 0
    first.resume_links()
    second.wait_for_binds(0)
    load.result()
    assert_reconciled(platform, mno, ids, sent_again=submits_of_unknown_outcome(service, mno))
    platform.wait_for_transitions(mno.operator_id, *FAILED_OVER, BACKUP_LOST, BACKUP_BOUND, FAILBACK)
    assert failovers(service, mno) == {"primary": 1, "backup": 3}


def test_a_lost_backup_gives_its_traffic_to_a_probe_that_is_bound(
    with_endpoints: WithEndpoints, connect: Connect, platform: Platform
) -> None:
    mno = with_endpoints(timers=NO_RETURN)
    primary, backup = mno.sites
    service = connect(mno)
    fail_over(mno, service)
    primary.resume_links()
    primary.wait_for_binds(1)
    service.running_node(mno.session(endpoint=0), bound=True)
    backup.go_down()
    platform.wait_for_transitions(mno.operator_id, *FAILED_OVER, FAILBACK)
    platform.final_event(platform.dispatch(mno.operator_id))


def test_a_flapping_primary_does_not_flap_the_traffic(
    with_endpoints: WithEndpoints, connect: Connect, platform: Platform
) -> None:
    mno = with_endpoints(timers=PATIENT)
    primary, backup = mno.sites
    service = connect(mno)
    ids = message_ids(mno, MESSAGES)
    load = platform.dispatch_load(mno.operator_id, ids, TPS)
    primary.wait_for_submits(1)
    fail_over(mno, service)
    unknown = submits_of_unknown_outcome(service, mno)
    for _ in range(3):
        primary.resume_links()
        primary.wait_for_binds(1)
        primary.go_down()
        primary.wait_for_binds(0)
    primary.resume_links()
    load.result()
    assert_reconciled(platform, mno, ids, sent_again=unknown)
    assert tuple(platform.transitions(mno.operator_id))[:3] == FAILED_OVER
    assert (backup.binds["total"], primary.binds["total"]) == (1, 5)


@pytest.mark.parametrize("timers", [ASKED_OFTEN, ASKED_FOR_THE_RETURN], ids=["asked often", "asked for the return"])
def test_a_primary_that_lets_us_bind_and_answers_nothing_gets_no_traffic(
    with_endpoints: WithEndpoints, connect: Connect, platform: Platform, timers: Timers
) -> None:
    mno = with_endpoints(timers=timers)
    primary, backup = mno.sites
    service = connect(mno)
    fail_over(mno, service)
    primary.change(mute=True)
    primary.resume_links()
    wait_until(lambda: primary.binds["total"] >= 3, SEEN_S, "two probes bound")
    platform.final_event(platform.dispatch(mno.operator_id))
    assert platform.transitions(mno.operator_id) == list(FAILED_OVER)
    assert (primary.submits, backup.binds["total"]) == (0, 1)


def test_a_receipt_that_comes_over_the_backup_finds_the_message_sent_over_the_primary(
    with_endpoints: WithEndpoints, connect: Connect, platform: Platform
) -> None:
    mno = with_endpoints(timers=NO_RETURN)
    primary, backup = mno.sites
    primary.change(receipts="none")
    service = connect(mno)
    message_id = platform.dispatch(mno.operator_id)
    primary.wait_for_submits(1)
    fail_over(mno, service)
    deliver_receipt(backup, "0-1")
    event = platform.final_event(message_id)
    assert (event["status"], event["smsc_message_id"], event["source"]) == ("DELIVERED", "0-1", "deliver_sm")


def deliver_receipt(smsc: Site, smsc_message_id: str) -> None:
    text = f"id:{smsc_message_id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000"
    receipt = ShortMessage(esm_class=0x04, short_message=text.encode())
    octets = pdu(CommandId.DELIVER_SM, 0, 0x70000000, encode_short_message(receipt))
    assert smsc.act("garbage", data=octets.hex()) == 1


def test_a_killed_operator_actor_comes_back_on_the_backup(
    with_endpoints: WithEndpoints, connect: Connect, platform: Platform
) -> None:
    mno = with_endpoints(timers=STEADY)
    primary, backup = mno.sites
    service = connect(mno)
    fail_over(mno, service)
    os.kill(service.running_node(mno.actor)["pid"], signal.SIGKILL)
    wait_until(lambda: backup.binds["total"] == 2, SEEN_S, "the backup bound again")
    platform.final_event(platform.dispatch(mno.operator_id))
    primary.resume_links()
    backup.wait_for_binds(0)
    platform.final_event(platform.dispatch(mno.operator_id))
    assert (primary.submits, backup.submits) == (1, 1)
    platform.wait_for_transitions(mno.operator_id, *FAILED_OVER, BACKUP_LOST, BACKUP_BOUND, FAILBACK)
