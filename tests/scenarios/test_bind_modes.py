"""How a session is bound (issue 3, row 1)."""

import os
import signal
from collections.abc import Callable

import pytest
from connector_process import ConnectorProcess
from fleet import Fleet
from makers import Connect, Operators, Sites
from mobile_operator import MobileOperator
from msgspec.structs import replace
from waiting import wait_until

from sandbox.link_proxy import LinkProxy

pytestmark = pytest.mark.scenarios

REBOUND_S = 10.0
PAIR = {"transmitter": 1, "receiver": 1}


def test_an_operator_is_bound_as_a_transceiver(operator: Operators, connect: Connect) -> None:
    mno = operator()
    service = connect(mno)
    assert mno.sites[0].binds["total_by_mode"] == {"transceiver": 1}
    assert service.running_node(mno.session())["mode"] == "TRX"


def test_where_a_transceiver_is_not_known_a_transmitter_and_a_receiver_are_bound(
    site: Sites, operator: Operators, connect: Connect
) -> None:
    smsc = site(refused_modes="transceiver")
    mno = operator(smsc)
    service = connect(mno)
    assert smsc.binds["total_by_mode"] == PAIR
    assert smsc.binds["refused"] == {"ESME_RINVCMDID": 1}
    assert service.running_node(mno.session())["mode"] == "TX+RX"


def test_that_a_transceiver_is_not_known_is_remembered(site: Sites, operator: Operators, connect: Connect) -> None:
    smsc = site(refused_modes="transceiver")
    connect(operator(smsc))
    smsc.link(LinkProxy.cut)
    wait_until(lambda: smsc.binds["total"] == 4, REBOUND_S, "bound again")
    assert smsc.binds["refused"] == {"ESME_RINVCMDID": 1}


def end_process(service: ConnectorProcess, mno: MobileOperator, fleet: Fleet) -> None:
    os.kill(service.running_node(mno.session())["pid"], signal.SIGKILL)


def renew(service: ConnectorProcess, mno: MobileOperator, fleet: Fleet) -> None:
    mno.credentials = replace(mno.credentials, version=2)
    fleet.tell(mno)


def change_settings(service: ConnectorProcess, mno: MobileOperator, fleet: Fleet) -> None:
    mno.settings["bind"] = {"system_type": "new"}
    fleet.tell(mno)


@pytest.mark.parametrize(
    ("happens", "refused"),
    [(end_process, 1), (renew, 1), (change_settings, 2)],
    ids=["killed", "renewed", "settings"],
)
def test_the_next_process_of_a_session_remembers_that_a_transceiver_is_not_known_until_settings_change(
    site: Sites,
    operator: Operators,
    connect: Connect,
    fleet: Fleet,
    happens: Callable[[ConnectorProcess, MobileOperator, Fleet], None],
    refused: int,
) -> None:
    smsc = site(refused_modes="transceiver")
    mno = operator(smsc)
    service = connect(mno)
    happens(service, mno, fleet)
    wait_until(lambda: smsc.binds["total"] == 4, REBOUND_S, "bound again")
    assert smsc.binds["refused"] == {"ESME_RINVCMDID": refused}


@pytest.mark.parametrize("status", ["ESME_RBINDFAIL", "ESME_RINVBNDSTS", "ESME_RSYSERR"])
def test_no_other_refusal_leads_to_a_transmitter_and_a_receiver(
    site: Sites, operator: Operators, connect: Connect, status: str
) -> None:
    smsc = site(refused_modes="transceiver", refused_mode_status=status)
    mno = operator(smsc)
    service = connect(mno, wait=False)
    wait_until(lambda: smsc.binds["refused"].get(status, 0) >= 2, REBOUND_S, "two transceivers refused")
    assert smsc.binds["total"] == 0
    assert service.running_node(mno.session())["bound"] is False


def test_an_operator_set_to_transceiver_is_never_bound_otherwise(
    site: Sites, operator: Operators, connect: Connect
) -> None:
    smsc = site(refused_modes="transceiver")
    connect(operator(smsc, bind={"mode": "transceiver"}), wait=False)
    wait_until(lambda: smsc.binds["refused"].get("ESME_RINVCMDID", 0) >= 2, REBOUND_S, "two transceivers refused")
    assert smsc.binds["total"] == 0


def test_an_operator_set_to_transmitter_and_receiver_is_not_asked_for_a_transceiver(
    site: Sites, operator: Operators, connect: Connect
) -> None:
    smsc = site(refused_modes="transceiver")
    connect(operator(smsc, bind={"mode": "transmitter_receiver"}))
    assert smsc.binds["total_by_mode"] == PAIR
    assert smsc.binds["refused"] == {}


def test_a_transmitter_without_its_receiver_is_no_session_and_is_unbound(
    site: Sites, operator: Operators, connect: Connect
) -> None:
    smsc = site(refused_modes="receiver", refused_mode_status="ESME_RBINDFAIL")
    mno = operator(smsc, bind={"mode": "transmitter_receiver"})
    service = connect(mno, wait=False)
    wait_until(lambda: smsc.binds["refused"].get("ESME_RBINDFAIL", 0) >= 2, REBOUND_S, "two receivers refused")
    assert service.events("session_bound") == []
    wait_until(lambda: smsc.binds["unbinds"] >= 2, REBOUND_S, "each transmitter unbound")


def test_as_many_sessions_as_configured_are_bound(operator: Operators, connect: Connect) -> None:
    mno = operator(bind={"sessions": 3})
    service = connect(mno)
    mno.sites[0].wait_for_binds(3)
    bound = [service.running_node(mno.session(index))["bound"] for index in range(3)]
    assert bound == [True, True, True]


def test_the_other_sessions_stay_when_one_is_lost(operator: Operators, connect: Connect) -> None:
    mno = operator(bind={"sessions": 2})
    service = connect(mno)
    (smsc,) = mno.sites
    smsc.link(LinkProxy.cut, 1)
    wait_until(lambda: smsc.binds["total"] == 3, REBOUND_S, "the lost one bound again")
    assert smsc.binds["now"] == 2
    assert len(service.events("session_unbound")) == 1
