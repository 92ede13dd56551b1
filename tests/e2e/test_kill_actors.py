"""SIGKILL of each kind of process under load: no message is lost, each has one final event, and the service heals.

All services run side by side and are killed one after the other, since what a dead actor had in hand comes again only
when JetStream's ack_wait (10 s) is over; each test then looks at one of them.
"""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from platform_side import DLR, HEALTH, Platform
from services import Services
from simulated_operator import SimulatedOperator
from waiting import wait_until

from actors.names import session_name
from sandbox.process_tree import await_gone, process_tree
from sandbox.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TPS = 200
LOAD_S = 6
KILL_AT = TPS * LOAD_S // 3  # messages submitted
ANSWER_DELAY_S = 0.05  # so that some submit_sm are always unanswered
WINDOW = 100  # submit_sm unanswered at most
LIMIT_TPS = 400  # so that what was held up is caught up with soon
CONCLUDED_S = 90.0  # after the kill
HEALTHY_S = 30.0

CONFIG = {"tps": LIMIT_TPS, "window": WINDOW}

VICTIMS = {
    "session": session_name("session", endpoint=0, index=0),
    "operator": "operator@operator",
    "router": "dispatch-router",
    "writer": "correlation-writer",
    "receipts": "receipt-publisher",
    "health": "health-publisher",
    "root": "connector",
    "main": "main process",
}
"""The actor that is killed, by the operator whose service it belongs to."""


class Trial:
    """One service under load, of which one process is killed."""

    def __init__(self, operator: SimulatedOperator, connector: ConnectorProcess, platform: Platform) -> None:
        self.operator = operator
        self.connector = connector
        self.platform = platform
        self.message_ids = [f"{operator.operator_id}-{index}" for index in range(TPS * LOAD_S)]
        self.pid_before = 0
        self._load: Future[None] | None = None
        self._killed_at = 0.0

    @property
    def victim(self) -> str:
        return VICTIMS[self.operator.operator_id]

    def begin(self) -> None:
        self.connector.first_session(self.operator.operator_id, bound=True)
        self._load = self.platform.dispatch_load(self.operator.operator_id, self.message_ids, TPS)

    def kill(self) -> None:
        """SIGKILL in the middle of the load."""
        wait_until(lambda: self.submitted() >= KILL_AT, HEALTHY_S, f"{KILL_AT} submits of {self.operator.operator_id}")
        assert self.submitted() < len(self.message_ids), "killed too late: the load was over"
        if self.victim == "main process":
            self._kill_main()
        else:
            self._kill_actor()
        self._killed_at = time.monotonic()

    def conclude(self) -> None:
        """Wait until every message has its final event and every dispatch is acknowledged."""
        assert self._load is not None
        self._load.result(CONCLUDED_S)
        deadline = self._killed_at + CONCLUDED_S
        operator_id, total = self.operator.operator_id, len(self.message_ids)
        for condition, what in (
            (lambda: len(self.platform.final_counts(operator_id)) >= total, "final events"),
            (lambda: self.platform.unsettled(operator_id) == 0, "acknowledgements"),
        ):
            wait_until(condition, max(1.0, deadline - time.monotonic()), f"{what} of {operator_id}")

    def submitted(self) -> int:
        submits = self.operator.report()["submits"]
        return int(submits["accepted"])

    def doubled(self) -> set[str]:
        """Messages that the SMSC saw more than once."""
        return {self.message_ids[int(marker)] for marker in self.operator.report()["markers"]["duplicated_named"]}

    def marked(self) -> set[str]:
        """Messages whose final event says that it may have."""
        events = self.platform.events(DLR, self.operator.operator_id)
        return {event["message_id"] for event in events if event["final"] and event["possibly_repeated"]}

    def unknown(self) -> float:
        """smpp_submits_unknown_total"""
        name = f'smpp_submits_unknown_total{{operator="{self.operator.operator_id}"}}'
        return self.connector.metrics().get(name, 0)

    def health(self) -> list[str]:
        return [event["state"] for event in self.platform.events(HEALTH, self.operator.operator_id)]

    def _kill_actor(self) -> None:
        self.pid_before = self.connector.running_node(self.victim)["pid"]
        os.kill(self.pid_before, signal.SIGKILL)

    def _kill_main(self) -> None:
        members = self.connector.processes()
        self.pid_before = self.connector.child.pid
        os.kill(self.pid_before, signal.SIGKILL)
        self.connector.child.wait(HEALTHY_S)
        assert await_gone(members, HEALTHY_S)
        self.connector.start()


@pytest.fixture(scope="module")
def trials(services: Services, loop: BackgroundLoop, stack: Stack) -> Iterator[dict[str, Trial]]:
    with ExitStack() as running:
        operators = [
            SimulatedOperator(loop, operator_id, CONFIG, is_tapped=False, answer_delay_s=ANSWER_DELAY_S)
            for operator_id in VICTIMS
        ]
        connectors = {
            operator.operator_id: running.enter_context(services.running(running.enter_context(operator)))
            for operator in operators
        }
        platform = running.enter_context(Platform(loop, stack))
        trials = {one.operator_id: Trial(one, connectors[one.operator_id], platform) for one in operators}
        for trial in trials.values():
            trial.begin()
            trial.kill()
        yield trials


@pytest.mark.parametrize("operator_id", VICTIMS)
def test_every_message_gets_one_final_event_and_none_is_lost(trials: dict[str, Trial], operator_id: str):
    trial = trials[operator_id]
    trial.conclude()

    counts = trial.platform.final_counts(operator_id)
    assert counts == dict.fromkeys(trial.message_ids, 1)
    markers = trial.operator.report()["markers"]
    assert (markers["distinct"], markers["missing"]) == (len(trial.message_ids), 0)


@pytest.mark.parametrize("operator_id", ["session", "operator", "router", "root", "main"])
def test_only_what_had_no_answer_goes_out_twice_and_all_of_it_is_counted_and_marked(
    trials: dict[str, Trial], operator_id: str
):
    trial = trials[operator_id]
    trial.conclude()

    assert trial.doubled() <= trial.marked()
    assert len(trial.marked()) <= trial.unknown() <= WINDOW


@pytest.mark.parametrize("operator_id", ["writer", "receipts", "health"])
def test_nothing_goes_out_twice_where_no_session_was_killed(trials: dict[str, Trial], operator_id: str):
    trials[operator_id].conclude()
    trial = trials[operator_id]
    assert (trial.doubled(), trial.marked(), trial.unknown()) == (set(), set(), 0)


@pytest.mark.parametrize("operator_id", VICTIMS)
def test_the_service_is_healthy_again(trials: dict[str, Trial], operator_id: str):
    connector = trials[operator_id].connector
    wait_until(connector.is_healthy, HEALTHY_S, "every actor running, every session bound")

    dump = connector.run_command("dump")
    assert (dump.returncode, dump.stderr) == (0, "")
    assert process_tree(trials[operator_id].pid_before) == []


@pytest.mark.parametrize("operator_id", [name for name in VICTIMS if name != "main"])
def test_the_restart_is_counted_and_shown(trials: dict[str, Trial], operator_id: str):
    trial = trials[operator_id]
    node = trial.connector.running_node(trial.victim)

    assert node["restarts"] == 1
    assert trial.connector.metrics()[f'smpp_actor_restarts_total{{actor="{node["actor"]}"}}'] == 1


@pytest.mark.parametrize("operator_id", VICTIMS)
def test_the_health_that_was_told_last_is_the_true_one(trials: dict[str, Trial], operator_id: str):
    trial = trials[operator_id]
    wait_until(trial.connector.is_healthy, HEALTHY_S, "every actor running, every session bound")
    wait_until(lambda: trial.health()[-1:] == ["BOUND"], HEALTHY_S, "BOUND as the last health event")


def test_a_killed_session_is_told_as_unbound_and_bound_again(trials: dict[str, Trial]):
    wait_until(lambda: trials["session"].health() == ["BOUND", "UNBOUND", "BOUND"], HEALTHY_S, "both transitions")


def test_transitions_that_the_health_publisher_missed_are_told_by_its_successor(trials: dict[str, Trial]):
    trial = trials["health"]
    trial.conclude()
    before = len(trial.health())
    os.kill(trial.connector.running_node(trial.victim)["pid"], signal.SIGKILL)
    trial.operator.act("drop")

    wait_until(lambda: trial.health()[before:] == ["UNBOUND", "BOUND"], HEALTHY_S, "both transitions, once")
