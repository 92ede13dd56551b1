"""A stop loses no message and doubles none, and ends in time whatever the SMSC does (issue 3, row 7)."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from background_loop import BackgroundLoop
from bare_smsc import BareSmsc
from connector_process import ConnectorProcess
from fleet import Fleet
from makers import Connect, Operators, Sites
from mobile_operator import QUICK, UNDER_LOAD
from platform_side import MO, Platform
from reconciliation import assert_reconciled, message_ids
from waiting import wait_until

from sandbox.smsc.acts import BadAct
from sandbox.stack import Stack
from smpp.bind import BindMode, encode_bind_resp
from smpp.constants import CommandId, CommandStatus
from smpp.framing import Header
from smpp.hot import ShortMessage, encode_short_message, encode_submit_sm_resp, pdu

pytestmark = pytest.mark.scenarios

DRAIN_TIMEOUT_S = 10.0
SLACK_S = 3.0  # for the end of the actor system, on a busy machine
HURRIED_S = 5.0
SEEN_S = 15.0
REDELIVERED_S = 20.0  # what is not given back comes again after so long, or longer
MESSAGES, TPS = 300, 50.0
DELIVERY_EVERY_S = 0.002
OK = CommandStatus.ESME_ROK
NO_ENQUIRIES = replace(QUICK, enquire_link_s=60.0, response_s=DRAIN_TIMEOUT_S)
DELIVERY = pdu(
    CommandId.DELIVER_SM,
    OK,
    7,
    encode_short_message(ShortMessage(source_addr="491512345678", destination_addr="4911", short_message=b"Hello")),
)
DELIVERED = pdu(CommandId.DELIVER_SM_RESP, OK, 7, b"\0")


def seconds_to_end(service: ConnectorProcess, within_s: float) -> float:
    """Until it has ended with exit code 0; the fleet sees that no process of it is left."""
    since = time.monotonic()
    assert service.child.wait(within_s) == 0
    return time.monotonic() - since


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_service_stopped_under_traffic_leaves_everything_to_the_next_one(
    fleet: Fleet, site: Sites, operator: Operators, platform: Platform, signum: signal.Signals
) -> None:
    """The SMSC is slow and the window small, so that messages wait at every place there is."""
    smsc = site(answer_delay_s=0.3, receipt_delay_s=0.2)
    mno = operator(smsc, timers=UNDER_LOAD, window=10)
    fleet.tell(mno)
    (first,) = fleet.start("first", DRAIN_TIMEOUT_S=str(DRAIN_TIMEOUT_S))
    mno.wait_bound(first)
    ids = message_ids(mno, MESSAGES)
    load = platform.dispatch_load(mno.operator_id, ids, TPS)
    smsc.wait_for_submits(MESSAGES // 4)
    os.killpg(first.child.pid, signum)  # as a terminal does
    took_s = seconds_to_end(first, DRAIN_TIMEOUT_S)
    print(f"stopped under traffic within {took_s:.2f} s")
    assert smsc.binds["unbinds"] == 1
    smsc.change(answer_delay_s=0.0)
    fleet.start("second")
    load.result()
    assert_reconciled(platform, mno, ids, within_s=REDELIVERED_S - DRAIN_TIMEOUT_S)


def test_an_smsc_that_never_answers_holds_a_stop_no_longer_than_the_drain_timeout(
    fleet: Fleet, site: Sites, operator: Operators, platform: Platform
) -> None:
    smsc = site()
    mno = operator(smsc, timers=replace(UNDER_LOAD, response_s=60.0))
    fleet.tell(mno)
    (service,) = fleet.start("one", DRAIN_TIMEOUT_S=str(DRAIN_TIMEOUT_S))
    mno.wait_bound(service)
    smsc.change(silent=True)
    ids = message_ids(mno, 20)
    platform.dispatch_load(mno.operator_id, ids, TPS).result()
    wait_until(lambda: smsc.report()["ignored"], SEEN_S, "submits at an SMSC that ignores them")
    service.request_stop()
    took_s = seconds_to_end(service, DRAIN_TIMEOUT_S + SLACK_S)
    print(f"stopped with a silent SMSC within {took_s:.2f} s")
    smsc.change(silent=False)
    fleet.start("two")
    assert_reconciled(platform, mno, ids, within_s=60)


def test_a_second_signal_hurries_a_stop_which_unbinds_all_the_same(
    fleet: Fleet, site: Sites, operator: Operators, platform: Platform
) -> None:
    smsc = site(no_answer_percent=100)
    mno = operator(smsc, timers=replace(UNDER_LOAD, response_s=60.0))
    fleet.tell(mno)
    (service,) = fleet.start("one", DRAIN_TIMEOUT_S="60")
    mno.wait_bound(service)
    platform.dispatch(mno.operator_id)
    smsc.wait_for_submits(1)
    service.child.send(signal.SIGTERM)
    wait_until(lambda: service.events("session_unbound"), SEEN_S, "the session on its way out")
    assert service.child.wait(1.0) is None
    service.child.send(signal.SIGTERM)
    seconds_to_end(service, HURRIED_S)
    assert (smsc.binds["unbinds"], service.events("service_stopped")[0]["drained"]) == (1, True)


SIGNALLED_AS_IT_FORKS = """
import os, signal, sys

signals = [signal.SIGTERM]
os.register_at_fork(before=lambda: signals and os.kill(os.getpid(), signals.pop()))

from cli.main import main

sys.exit(main(["run"]))
"""


class SignalledAsItForks(ConnectorProcess):
    """Gets SIGTERM when it starts its first actor, where whatever is raised is lost."""

    def command(self) -> Sequence[str | Path]:
        return [sys.executable, "-c", SIGNALLED_AS_IT_FORKS]


@pytest.mark.usefixtures("prepared")
def test_a_signal_that_comes_while_the_actors_are_started_is_not_lost(
    stack: Stack, loop: BackgroundLoop, operator: Operators
) -> None:
    with Fleet(stack, loop, SignalledAsItForks) as fleet:
        fleet.tell(operator())
        service = fleet.launch("one")
        seconds_to_end(service, SEEN_S)


def test_deliveries_that_go_on_coming_hold_up_no_stop(loop: BackgroundLoop, operator: Operators, fleet: Fleet) -> None:
    mno = operator()
    (smsc,) = mno.sites
    fleet.tell(mno)
    (service,) = fleet.start("one", DRAIN_TIMEOUT_S=str(DRAIN_TIMEOUT_S))
    mno.wait_bound(service)

    async def deliver_for_ever() -> None:
        while smsc.smsc.act("mo", text="again"):
            await asyncio.sleep(DELIVERY_EVERY_S)

    delivering = loop.start(deliver_for_ever())
    wait_until(lambda: smsc.report()["mo"]["answered"] > 10, SEEN_S, "deliveries under way")
    service.request_stop()
    assert seconds_to_end(service, DRAIN_TIMEOUT_S) < DRAIN_TIMEOUT_S / 2
    with pytest.raises(BadAct):  # nobody is bound any more
        delivering.result(SEEN_S)


def test_what_comes_during_a_stop_is_answered_and_kept(
    smsc: BareSmsc, operator: Operators, connect: Connect, platform: Platform
) -> None:
    """A delivery while an answer is awaited, then that answer: both before the unbind."""
    mno = operator(endpoints=[{"host": "127.0.0.1", "port": smsc.port}], timers=NO_ENQUIRIES)
    service = connect(mno, wait=False)
    smsc.accept_bind()
    mno.wait_bound(service)
    message_id = platform.dispatch(mno.operator_id, request_dlr=False)
    submit = smsc.hear_of(CommandId.SUBMIT_SM)
    service.child.send(signal.SIGTERM)
    wait_until(lambda: service.events("session_unbound"), SEEN_S, "the session on its way out")
    smsc.say(DELIVERY)
    assert smsc.hear() == DELIVERED
    smsc.say(encode_submit_sm_resp(submit.sequence_number, OK, "the-id"))
    unbind = smsc.hear_of(CommandId.UNBIND)
    smsc.say(pdu(CommandId.UNBIND_RESP, OK, unbind.sequence_number))
    assert smsc.hear() == b""
    assert service.child.wait(SEEN_S) == 0
    assert platform.final_event(message_id)["message_status"] == "ACCEPTED"
    assert [event["text"] for event in platform.wait_for(MO, mno.operator_id)] == ["Hello"]


@pytest.fixture
def smsc(loop: BackgroundLoop) -> Iterator[BareSmsc]:
    with BareSmsc(loop) as running:
        yield running


@pytest.fixture
def asked_to_bind(smsc: BareSmsc, operator: Operators, connect: Connect) -> Iterator[Header]:
    """The bind that the SMSC has to answer, of a session that has been told to stop; which it must do well."""
    mno = operator(endpoints=[{"host": "127.0.0.1", "port": smsc.port}], timers=NO_ENQUIRIES)
    service = connect(mno, wait=False, DRAIN_TIMEOUT_S=str(DRAIN_TIMEOUT_S))
    child, bind = service.child, smsc.hear_of(CommandId.BIND_TRANSCEIVER)
    child.send(signal.SIGTERM)
    wait_until(lambda: (service.node(mno.session()) or {}).get("state") == "draining", SEEN_S, "the session stopping")
    yield bind
    assert child.wait(SEEN_S) == 0


def test_a_bind_that_is_answered_during_a_stop_is_unbound(smsc: BareSmsc, asked_to_bind: Header) -> None:
    smsc.say(encode_bind_resp(BindMode.TRANSCEIVER, asked_to_bind.sequence_number, "bare"))
    unbind = smsc.hear_of(CommandId.UNBIND)
    smsc.say(pdu(CommandId.UNBIND_RESP, OK, unbind.sequence_number))
    assert smsc.hear() == b""


@pytest.mark.usefixtures("asked_to_bind")
def test_a_bind_that_is_never_answered_holds_up_no_stop(smsc: BareSmsc) -> None:
    assert smsc.hear(DRAIN_TIMEOUT_S / 2) == b""
