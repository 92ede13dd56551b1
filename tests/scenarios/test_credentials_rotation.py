"""New credentials are used at once, by one session after the other, and cost no message (issue 3, row 8)."""

from functools import partial

import pytest
from connector_process import ConnectorProcess
from fleet import Fleet
from makers import Connect, Operators, Sites
from mobile_operator import STEADY, MobileOperator
from operator_site import Site
from outages import stopped
from platform_side import HEALTH, Platform
from reconciliation import assert_reconciled, message_ids
from renewals import assert_one_after_the_other, renewed
from simulated_operator import PASSWORD, SYSTEM_ID
from waiting import wait_until

from sandbox.operator_data import Credentials
from sandbox.stack import Stack

pytestmark = pytest.mark.scenarios

SEEN_S = 20.0
NEW_PASSWORD = "n3w"
MESSAGES, TPS = 200, 60.0
REFUSED = "bind refused: ESME_RINVPASWD, password refused"


@pytest.fixture
def operator(operator: Operators) -> Operators:
    return partial(operator, timers=STEADY)


def rotate(mno: MobileOperator, password: str = NEW_PASSWORD, version: int = 2) -> None:
    """At the operator-management-service; the operator itself is another matter."""
    mno.credentials = Credentials(system_id=SYSTEM_ID, password=password, version=version)


def accept(smsc: Site, password: str) -> None:
    """From now on the SMSC lets nobody in but with this one; who is bound stays bound."""
    smsc.change(logins=f"{SYSTEM_ID}:{password}")


def versions(service: ConnectorProcess, mno: MobileOperator) -> list[int]:
    """By which version each session was bound, or tried to be."""
    nodes = [service.running_node(mno.session(index)) for index in range(mno.sessions)]
    return [node["credentials_version"] for node in nodes]


def test_a_rotation_under_traffic_renews_one_session_after_the_other(
    site: Sites, operator: Operators, connect: Connect, fleet: Fleet, platform: Platform
) -> None:
    smsc = site(answer_delay_s=0.05)
    mno = operator(smsc, bind={"sessions": 3})
    service = connect(mno)
    ids = message_ids(mno, MESSAGES)
    load = platform.dispatch_load(mno.operator_id, ids, TPS)
    smsc.wait_for_submits(20)
    accept(smsc, NEW_PASSWORD)
    rotate(mno)
    fleet.tell(mno)
    wait_until(lambda: smsc.binds["total"] == 6, SEEN_S, "three new binds")
    load.result()
    assert_reconciled(platform, mno, ids)
    assert versions(service, mno) == [2, 2, 2]
    assert_one_after_the_other(service)
    assert platform.transitions(mno.operator_id) == [("BOUND", "primary")]
    assert smsc.binds["refused"] == {}


def test_news_without_new_credentials_renew_no_session(operator: Operators, connect: Connect, fleet: Fleet) -> None:
    mno = operator(bind={"sessions": 2})
    service = connect(mno)
    fleet.tell(mno)
    rotate(mno, PASSWORD)
    fleet.tell(mno)
    wait_until(lambda: versions(service, mno) == [2, 2], SEEN_S, "both sessions bound by the new version")
    mno.wait_bound(service)
    assert sorted(renewed(service)) == [mno.session(0), mno.session(1)]


def test_a_new_password_that_is_refused_costs_one_session_until_it_is_corrected(
    operator: Operators, connect: Connect, fleet: Fleet, platform: Platform
) -> None:
    mno = operator(bind={"sessions": 3})
    (smsc,) = mno.sites
    service = connect(mno)
    rotate(mno)
    fleet.tell(mno)
    (failed,) = wait_until(lambda: service.events("bind_failed"), SEEN_S, "a bind refused")
    assert (failed["message"], [failed["actor"]]) == (REFUSED, renewed(service))
    refused = f'smpp_binds_total{{operator="{mno.operator_id}",result="ESME_RINVPASWD"}}'
    wait_until(lambda: service.metrics().get(refused) == 1, SEEN_S, "the refusal counted")
    platform.final_event(platform.dispatch(mno.operator_id))
    assert (smsc.binds["now"], sorted(versions(service, mno))) == (2, [1, 1, 2])
    assert platform.transitions(mno.operator_id) == [("BOUND", "primary")]
    rotate(mno, PASSWORD, version=3)
    fleet.tell(mno)
    wait_until(lambda: versions(service, mno) == [3, 3, 3], SEEN_S, "all sessions bound by the corrected version")
    mno.wait_bound(service)
    assert platform.transitions(mno.operator_id) == [("BOUND", "primary")]


def test_a_new_password_that_is_refused_to_the_only_session_is_told_as_unbound(
    operator: Operators, connect: Connect, fleet: Fleet, platform: Platform
) -> None:
    mno = operator()
    service = connect(mno)
    rotate(mno)
    fleet.tell(mno)
    bound, unbound = platform.wait_for(HEALTH, mno.operator_id, 2)
    assert (bound["state"], unbound["state"], unbound["reason"]) == ("BOUND", "UNBOUND", REFUSED)
    message_id = platform.dispatch(mno.operator_id)
    rotate(mno, PASSWORD, version=3)
    fleet.tell(mno)
    platform.final_event(message_id)
    assert platform.transitions(mno.operator_id)[2:] == [("BOUND", "primary")]
    assert versions(service, mno) == [3]


def test_a_rotation_that_is_told_while_the_operator_management_service_is_away_is_not_missed(
    operator: Operators, connect: Connect, fleet: Fleet, stack: Stack
) -> None:
    mno = operator()
    service = connect(mno)
    rotate(mno, PASSWORD)
    with stopped(stack.operator_management):
        fleet.tell(mno)
        wait_until(lambda: service.events("server_unavailable"), SEEN_S, "a question without an answer")
    wait_until(lambda: versions(service, mno) == [2], SEEN_S, "the session bound by the new version")


def test_a_rotation_during_an_outage_of_nats_is_not_missed(
    operator: Operators, connect: Connect, fleet: Fleet, stack: Stack
) -> None:
    mno = operator()
    service = connect(mno)
    rotate(mno, PASSWORD)
    with stopped(stack.nats):
        fleet.record(mno)
        assert versions(service, mno) == [1]
    wait_until(lambda: versions(service, mno) == [2], SEEN_S, "the session bound by the new version")
