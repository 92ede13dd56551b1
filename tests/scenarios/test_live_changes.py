"""New settings reach a running service, and touch only the sessions that they must (issue 3, row 8)."""

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import pytest
from connector_process import ConnectorProcess
from fleet import Fleet
from makers import Connect, Operators, Sites
from mobile_operator import STEADY, MobileOperator, Timers
from outages import stopped
from platform_side import Platform
from reconciliation import assert_reconciled, message_ids
from renewals import assert_one_after_the_other, renewed
from waiting import wait_until

from actors.router.actor import POLL_S
from sandbox.stack import Stack

pytestmark = pytest.mark.scenarios

SEEN_S = 20.0
POLLED_S = POLL_S + SEEN_S  # where no news can come
MARK = 77.0  # a tps that comes with a change, so that the dump shows when it is in force
MESSAGES, TPS = 200, 60.0
LONG_WAITS = replace(STEADY, reconnect_max_s=3.2)

Change = Callable[..., None]


@pytest.fixture
def operator(operator: Operators) -> Operators:
    return partial(operator, timers=STEADY)


@pytest.fixture
def change(fleet: Fleet) -> Change:
    """Gives an operator these settings, beside those that it has, and tells the service."""

    def make(mno: MobileOperator, **settings: Any) -> None:
        mno.settings |= settings
        fleet.tell(mno)

    return make


def untouched(service: ConnectorProcess, mno: MobileOperator, *sessions: str) -> list[tuple[str, str, int]]:
    """What would be different if these sessions had begun anew."""
    nodes = [service.running_node(name, bound=True) for name in sessions or [mno.session()]]
    return [(node["name"], node["since"], node["pid"]) for node in nodes]


IN_PLACE = {
    "name": {"name": "Example Mobile"},
    "window": {"window": 7},
    "addresses": {"source": {"ton": 5, "npi": 0}, "destination": {"ton": 2}},
    "texts": {"default_alphabet": "latin1", "long_messages": "payload"},
    "ids": {"message_id": {"receipt": "hex"}},
    "outcomes": {"unknown_outcome": "report", "receipt_ttl_h": 1},
    "timers": {"timers": asdict(replace(STEADY, response_s=7.0, failback_after_s=7.0))},
}


@pytest.mark.parametrize("settings", IN_PLACE.values(), ids=IN_PLACE)
def test_what_the_smsc_is_not_told_is_changed_in_place(
    operator: Operators, connect: Connect, change: Change, settings: dict[str, Any]
) -> None:
    mno = operator(bind={"sessions": 2})
    service = connect(mno)
    names = [mno.session(0), mno.session(1)]
    before = untouched(service, mno, *names)
    change(mno, tps=MARK, **settings)
    service.running_node(mno.actor, tps_limit=MARK)
    assert untouched(service, mno, *names) == before
    assert mno.sites[0].binds["total"] == 2


def test_a_lower_tps_holds_from_now_on(
    operator: Operators, connect: Connect, change: Change, platform: Platform
) -> None:
    mno = operator(tps=50)
    service = connect(mno)
    change(mno, tps=10)
    service.running_node(mno.actor, tps_limit=10)
    ids = [platform.dispatch(mno.operator_id) for _ in range(25)]
    for message_id in ids:
        platform.final_event(message_id)
    submits = mno.sites[0].report()["submits"]
    assert (submits["received"], submits["highest_in_a_second"]) == (25, 10)


def test_a_smaller_window_holds_from_now_on(
    site: Sites, operator: Operators, connect: Connect, change: Change, platform: Platform
) -> None:
    smsc = site(answer_delay_s=0.2)
    mno = operator(smsc, window=50)
    service = connect(mno)
    change(mno, window=5)
    service.running_node(mno.actor, window=5)
    ids = [platform.dispatch(mno.operator_id) for _ in range(30)]
    for message_id in ids:
        platform.final_event(message_id)
    assert (smsc.submits, smsc.binds["highest_window"], smsc.binds["total"]) == (30, 5, 1)


def test_a_shorter_enquire_link_s_is_kept_on_the_running_link(
    operator: Operators, connect: Connect, change: Change
) -> None:
    mno = operator(timers=replace(STEADY, enquire_link_s=600.0))
    (smsc,) = mno.sites
    connect(mno)
    change(mno, timers=asdict(replace(STEADY, enquire_link_s=0.2)))
    wait_until(lambda: smsc.report()["enquire_links"]["received"] >= 3, SEEN_S, "enquire_links")
    assert smsc.binds["total"] == 1


@pytest.mark.parametrize(
    ("timers", "begins_anew"),
    [
        (LONG_WAITS, False),
        (replace(LONG_WAITS, failback_after_s=9.0), False),
        (replace(LONG_WAITS, reconnect_min_s=0.3), True),
    ],
    ids=["no timer changes", "another timer changes", "they change"],
)
def test_the_waits_between_binds_begin_anew_only_when_they_themselves_change(
    site: Sites, operator: Operators, connect: Connect, change: Change, timers: Timers, begins_anew: bool
) -> None:
    smsc = site(bind_status="ESME_RBINDFAIL")
    mno = operator(smsc, timers=LONG_WAITS)
    service = connect(mno, wait=False)
    wait_until(lambda: len(smsc.opened_at) == 4, SEEN_S, "waits of 0.2, 0.4 and 0.8 s")
    change(mno, tps=MARK, timers=asdict(timers))
    wait_until(lambda: (service.node(mno.actor) or {}).get("tps_limit") == MARK, SEEN_S, "the change in force")
    wait_until(lambda: len(smsc.opened_at) == 6, SEEN_S, "the binds after it")
    waited_s = smsc.opened_at[5] - smsc.opened_at[4]
    assert (waited_s < LONG_WAITS.reconnect_max_s) == begins_anew


# Which operators there are.


def test_an_added_operator_is_bound_and_touches_no_other(
    operator: Operators, connect: Connect, fleet: Fleet, platform: Platform
) -> None:
    old, new = operator(), operator()
    service = connect(old)
    before = untouched(service, old)
    fleet.tell(old, new)
    new.wait_bound(service)
    platform.final_event(platform.dispatch(new.operator_id))
    assert untouched(service, old) == before


def test_a_removed_operator_is_unbound_and_touches_no_other(
    operator: Operators, connect: Connect, fleet: Fleet, platform: Platform
) -> None:
    staying, going = operator(), operator()
    service = connect(staying, going)
    before = untouched(service, staying)
    fleet.tell(staying)
    wait_until(lambda: service.node(going.actor) is None, SEEN_S, "the operator gone")
    going.sites[0].wait_for_binds(0)
    platform.wait_for_transitions(going.operator_id, ("BOUND", "primary"), ("UNBOUND", "primary"))
    assert untouched(service, staying) == before
    assert not [sample for sample in service.metrics() if "bound" in sample and going.operator_id in sample]


def test_the_messages_of_a_disabled_operator_wait_until_it_is_enabled(
    operator: Operators, connect: Connect, change: Change, platform: Platform
) -> None:
    mno = operator()
    service = connect(mno)
    change(mno, enabled=False)
    wait_until(lambda: service.node(mno.actor) is None, SEEN_S, "the operator gone")
    message_id = platform.dispatch(mno.operator_id)
    assert platform.unsettled(mno.operator_id) == 1
    change(mno, enabled=True)
    platform.final_event(message_id)
    assert (mno.sites[0].submits, mno.sites[0].binds["total"]) == (1, 2)


def test_an_operator_that_comes_and_goes_in_quick_succession_is_there_in_the_end(
    operator: Operators, connect: Connect, change: Change, platform: Platform
) -> None:
    mno = operator()
    service = connect(mno)
    for number in range(10):
        change(mno, enabled=bool(number % 2), tps=MARK + number)
    service.running_node(mno.actor, tps_limit=MARK + 9)
    mno.wait_bound(service)
    platform.final_event(platform.dispatch(mno.operator_id))
    assert mno.sites[0].most_links == 1
    assert service.events("actor_died") == []


def test_an_operator_that_drains_for_long_holds_up_no_other(
    site: Sites, operator: Operators, connect: Connect, fleet: Fleet, platform: Platform
) -> None:
    slow, other = operator(site(answer_delay_s=3.0)), operator()
    service = connect(slow, other)
    message_id = platform.dispatch(slow.operator_id)
    slow.sites[0].wait_for_submits(1)
    other.settings |= {"tps": MARK}
    fleet.tell(other)
    service.running_node(other.actor, tps_limit=MARK)
    assert slow.sites[0].binds["now"] == 1
    slow.sites[0].wait_for_binds(0)
    assert platform.final_event(message_id)["status"] == "DELIVERED"


def test_an_operator_that_cannot_be_added_yet_holds_up_no_change_of_the_others(
    operator: Operators, connect: Connect, fleet: Fleet, stack: Stack
) -> None:
    staying, going, coming = operator(), operator(), operator()
    service = connect(staying, going)
    with stopped(stack.nats):
        fleet.record(staying, going, coming)
        wait_until(lambda: is_in_the_way(service, coming), POLLED_S, "the operator not added")
        staying.settings |= {"tps": MARK}
        fleet.record(staying, coming)
        service.running_node(staying.actor, POLLED_S, tps_limit=MARK)
        going.sites[0].wait_for_binds(0)
    coming.wait_bound(service)


def is_in_the_way(service: ConnectorProcess, mno: MobileOperator) -> bool:
    told = [line["message"] for line in service.events("router_degraded")]
    return any(message.startswith(f"consumer of {mno.operator_id}:") for message in told)


# Sessions and endpoints.


def test_more_sessions_come_beside_the_first_and_fewer_leave_it(
    operator: Operators, connect: Connect, change: Change
) -> None:
    mno = operator()
    (smsc,) = mno.sites
    service = connect(mno)
    before = untouched(service, mno)
    change(mno, bind={"sessions": 3})
    mno.wait_bound(service)
    assert (untouched(service, mno), smsc.binds["now"]) == (before, 3)
    change(mno, bind={"sessions": 1})
    smsc.wait_for_binds(1)
    assert (untouched(service, mno), smsc.binds["total"]) == (before, 3)


def test_a_moved_primary_is_bound_at_its_new_place_and_the_old_one_left(
    site: Sites, operator: Operators, connect: Connect, fleet: Fleet, platform: Platform
) -> None:
    old, new = site(), site()
    mno = operator(old)
    connect(mno)
    mno.sites = [new]
    fleet.tell(mno)
    new.wait_for_binds(1)
    platform.final_event(platform.dispatch(mno.operator_id))
    assert (old.binds["now"], new.submits) == (0, 1)
    platform.wait_for_transitions(mno.operator_id, ("BOUND", "primary"))


def test_a_backup_can_be_added_changed_and_removed_without_a_word_to_the_primary(
    site: Sites, operator: Operators, connect: Connect, change: Change, platform: Platform
) -> None:
    primary, backup, another = site(), site(), site()
    mno = operator(primary)
    service = connect(mno)
    before = untouched(service, mno)
    for number, backups in enumerate(([backup], [another], [another, backup], [])):
        mno.sites = [primary, *backups]
        change(mno, tps=MARK + number)
        service.running_node(mno.actor, tps_limit=MARK + number)
    assert untouched(service, mno) == before
    assert (primary.binds["total"], backup.opened_at, another.opened_at) == (1, [], [])


def test_a_backup_that_is_removed_while_it_carries_leaves_the_operator_unbound(
    site: Sites, operator: Operators, connect: Connect, fleet: Fleet, platform: Platform
) -> None:
    primary, backup = site(), site()
    mno = operator(primary, backup)
    connect(mno)
    primary.go_down()
    backup.wait_for_binds(1)
    platform.wait_for_transitions(mno.operator_id, ("BOUND", "primary"), ("UNBOUND", "primary"), ("BOUND", "backup"))
    mno.sites = [primary]
    fleet.tell(mno)
    backup.wait_for_binds(0)
    *_before, unbound = platform.wait_for("operator.health", mno.operator_id, 4)
    assert (unbound["state"], unbound["endpoint"], unbound["reason"]) == ("UNBOUND", "backup", "settings changed")
    primary.resume_links()
    primary.wait_for_binds(1)


def test_what_is_said_in_the_bind_is_renewed_one_session_after_the_other(
    operator: Operators, connect: Connect, change: Change, platform: Platform
) -> None:
    mno = operator(bind={"sessions": 3})
    (smsc,) = mno.sites
    service = connect(mno)
    change(mno, bind={"sessions": 3, "system_type": "SMPP"})
    wait_until(lambda: smsc.binds["total"] == 6, SEEN_S, "three new binds")
    mno.wait_bound(service)
    assert renewed(service) == [mno.session(index) for index in range(3)]
    assert_one_after_the_other(service)
    platform.wait_for_transitions(mno.operator_id, ("BOUND", "primary"))


# Under traffic.


def test_many_changes_at_once_and_in_a_row_lose_and_double_no_message(
    site: Sites, operator: Operators, connect: Connect, change: Change, platform: Platform
) -> None:
    primary, backup, elsewhere = (site(id_prefix=f"{place}-", answer_delay_s=0.02) for place in range(3))
    mno = operator(primary, tps=200, bind={"sessions": 2})
    service = connect(mno)
    ids = message_ids(mno, MESSAGES)
    load = platform.dispatch_load(mno.operator_id, ids, TPS)
    primary.wait_for_submits(10)
    change(mno, tps=150, window=20, bind={"sessions": 3, "system_type": "one"})
    mno.sites = [primary, backup]
    change(mno, bind={"sessions": 2, "system_type": "two"}, timers=asdict(replace(STEADY, enquire_link_s=6.0)))
    mno.sites = [elsewhere, backup]
    change(mno, bind={"sessions": 2, "system_type": "two"})
    change(mno, bind={"sessions": 1, "system_type": "three"}, tps=MARK)
    elsewhere.wait_for_submits(10)
    load.result()
    mno.sites = [primary, backup, elsewhere]
    assert_reconciled(platform, mno, ids)
    mno.sites = [elsewhere, backup]
    service.running_node(mno.actor, tps_limit=MARK, sessions_configured=1, sessions_bound=1)
    elsewhere.wait_for_binds(1)
    assert (primary.binds["now"], backup.binds["total"]) == (0, 0)
    assert service.events("actor_died") == []
