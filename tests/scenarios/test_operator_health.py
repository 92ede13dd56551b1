"""operator.health tells each real transition once, in order, and what is true now is to be seen (issue 3, row 6)."""

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from makers import Connect, Operators, Sites
from mobile_operator import STEADY, MobileOperator
from outages import stopped
from platform_side import HEALTH, Event, Platform
from waiting import wait_until

from sandbox.link_proxy import LinkProxy
from sandbox.stack import Stack

pytestmark = pytest.mark.scenarios

SEEN_S = 20.0
REDELIVERY_S = 30.0  # NATS is back, and the clients of the service have noticed

BOUND, UNBOUND = ("BOUND", "primary"), ("UNBOUND", "primary")


def said(event: Event) -> dict[str, Any]:
    """All of an event that can be known beforehand."""
    return {name: value for name, value in event.items() if name not in ("event_id", "at")}


def health(mno: MobileOperator, state: str, previous: str | None, reason: str, bound: int) -> dict[str, Any]:
    return {
        "operator_id": mno.operator_id,
        "state": state,
        "previous_state": previous,
        "endpoint": "primary",
        "reason": reason,
        "sessions_bound": bound,
        "sessions_configured": mno.sessions,
        "connector_id": "one",
    }


@pytest.fixture
def operator(operator: Operators) -> Operators:
    return partial(operator, timers=STEADY)


class Shown(NamedTuple):
    """What dump and metrics tell of an operator."""

    state: str
    health: str
    endpoint: str
    sessions_bound: int
    operator_bound: float
    session_states: list[float]


def shown(service: ConnectorProcess, mno: MobileOperator) -> Shown:
    node = service.node(mno.actor)
    assert node is not None
    dumped = [node[figure] for figure in Shown._fields[:4]]
    metrics = service.metrics()
    states = [sample for sample in metrics if sample.startswith("smpp_session_state") and mno.operator_id in sample]
    operator_bound = metrics[f'smpp_operator_bound{{operator="{mno.operator_id}"}}']
    return Shown(*dumped, operator_bound, [metrics[sample] for sample in states])


def wait_lost(service: ConnectorProcess, number: int) -> None:
    wait_until(lambda: len(service.events("session_unbound")) == number, SEEN_S, f"{number} sessions lost")


def wait_made(service: ConnectorProcess, number: int) -> None:
    """Of the log, which tells of each bind; the dump may not know of a loss yet."""
    wait_until(lambda: len(service.events("session_bound")) == number, SEEN_S, f"{number} sessions bound")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("drop", "link closed by the SMSC"),
        ("reset", "Connection reset by peer"),
        ("unbind", "unbound by the SMSC"),
        ("silence", "enquire_link not answered"),
        ("garbage", "unreadable stream: command_length 0x48545450 is outside 16..65536"),
    ],
)
def test_a_loss_and_a_return_are_one_event_each_and_say_what_has_happened(
    operator: Operators, connect: Connect, platform: Platform, fault: str, reason: str
) -> None:
    mno = operator(timers=replace(STEADY, enquire_link_s=0.5, response_s=3.0))
    connect(mno)
    mno.sites[0].act(fault)
    events = platform.wait_for(HEALTH, mno.operator_id, 3)
    assert [said(event) for event in events] == [
        health(mno, "BOUND", None, "bound", 1),
        health(mno, "UNBOUND", "BOUND", reason, 0),
        health(mno, "BOUND", "UNBOUND", "bound", 1),
    ]


def test_an_operator_with_several_sessions_is_unbound_with_the_last_of_them_and_bound_with_the_first(
    operator: Operators, connect: Connect, platform: Platform
) -> None:
    mno = operator(bind={"sessions": 2})
    (smsc,) = mno.sites
    service = connect(mno)
    smsc.link(LinkProxy.refuse)
    smsc.link(LinkProxy.cut, 1)
    wait_lost(service, 1)
    mno_node = service.running_node(mno.actor, sessions_bound=1)
    assert (mno_node["health"], platform.transitions(mno.operator_id)) == ("BOUND", [BOUND])
    smsc.link(LinkProxy.cut)
    platform.wait_for_transitions(mno.operator_id, BOUND, UNBOUND)
    smsc.resume_links()
    mno.wait_bound(service)
    assert service.finish() == 0
    platform.wait_for_transitions(mno.operator_id, BOUND, UNBOUND, BOUND, UNBOUND)


def test_a_transmitter_without_its_receiver_is_one_loss(
    site: Sites, operator: Operators, connect: Connect, platform: Platform
) -> None:
    smsc = site(refused_modes="transceiver")
    mno = operator(smsc)
    service = connect(mno)
    for losses, mode in enumerate(("receiver", "transmitter"), start=1):
        smsc.act("drop", mode=mode)
        wait_lost(service, losses)
        wait_made(service, losses + 1)
    assert service.finish() == 0
    platform.wait_for_transitions(mno.operator_id, BOUND, *[UNBOUND, BOUND] * 2, UNBOUND)
    assert smsc.binds["total_by_mode"] == {"transmitter": 3, "receiver": 3}


def test_transitions_arrive_once_and_in_order_after_an_outage_of_nats(
    operator: Operators, connect: Connect, stack: Stack, loop: BackgroundLoop
) -> None:
    mno = operator()
    (smsc,) = mno.sites
    service = connect(mno)
    with Platform(loop, stack) as before:
        before.wait_for_transitions(mno.operator_id, BOUND)
    with stopped(stack.nats):
        for losses in (1, 2):
            smsc.go_down()
            wait_lost(service, losses)
            smsc.resume_links()
            wait_made(service, losses + 1)
    with Platform(loop, stack) as after:
        after.wait_for(HEALTH, mno.operator_id, 5, REDELIVERY_S)
        assert service.finish() == 0
        after.wait_for_transitions(mno.operator_id, BOUND, *[UNBOUND, BOUND] * 2, UNBOUND)
        events = after.events(HEALTH, mno.operator_id)
        assert [event["at"] for event in events] == sorted(event["at"] for event in events)


def test_a_graceful_stop_ends_with_unbound(operator: Operators, connect: Connect, platform: Platform) -> None:
    mno = operator(bind={"sessions": 2})
    service = connect(mno)
    assert service.finish() == 0
    _bound, unbound = platform.wait_for(HEALTH, mno.operator_id, 2)
    assert said(unbound) == health(mno, "UNBOUND", "BOUND", "stopped", 0)


def test_a_stop_while_the_backup_carries_is_no_failback(
    site: Sites, operator: Operators, connect: Connect, platform: Platform
) -> None:
    mno = operator(site(), site())
    primary, backup = mno.sites
    service = connect(mno)
    primary.go_down()
    backup.wait_for_binds(1)
    primary.resume_links()
    primary.wait_for_binds(1)
    service.running_node(mno.session(endpoint=0), bound=True)
    assert service.finish() == 0
    platform.wait_for_transitions(mno.operator_id, BOUND, UNBOUND, ("BOUND", "backup"), ("UNBOUND", "backup"))


def test_what_is_true_now_is_in_metrics_and_dump(operator: Operators, connect: Connect) -> None:
    mno = operator(bind={"sessions": 2})
    (smsc,) = mno.sites
    service = connect(mno)
    assert shown(service, mno) == Shown("running", "BOUND", "primary", 2, operator_bound=1, session_states=[1, 1])
    smsc.go_down()
    lost = Shown("degraded", "UNBOUND", "", 0, operator_bound=0, session_states=[0, 0])
    wait_until(lambda: shown(service, mno) == lost, SEEN_S, "the loss in dump and metrics")
    smsc.resume_links()
    mno.wait_bound(service)
    assert shown(service, mno) == Shown("running", "BOUND", "primary", 2, operator_bound=1, session_states=[1, 1])
