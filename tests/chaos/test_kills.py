"""SIGKILL of every kind of process, under load."""

import os
import signal

import pytest
from chaos_ground import PLAIN, REPLICAS, SPLIT
from chaos_trial import Case, Hold, Trial

from actors.names import (
    CONNECTOR,
    CORRELATION_WRITER,
    DISPATCH_ROUTER,
    HEALTH_PUBLISHER,
    RECEIPT_PUBLISHER,
    operator_name,
    session_name,
)
from sandbox.process_tree import signal_all

pytestmark = pytest.mark.timeout(240)

OPERATORS = 3

ACTORS = {
    "a SessionActor": (session_name(PLAIN, endpoint=0, index=0), 1),
    "a SessionActor with two links": (session_name(SPLIT, endpoint=0, index=0), 1),
    "an OperatorActor": (operator_name(PLAIN), 1),
    "the DispatchRouter": (DISPATCH_ROUTER, OPERATORS),
    "the CorrelationWriter": (CORRELATION_WRITER, 0),
    "the ReceiptPublisher": (RECEIPT_PUBLISHER, 0),
    "the HealthPublisher": (HEALTH_PUBLISHER, 0),
    "the Connector, root of all actors": (CONNECTOR, OPERATORS),
}
"""Name of the actor, and how many sessions die with it."""


@pytest.mark.parametrize("victim", ACTORS)
def test_an_actor_is_killed(trial: Trial, hold: Hold, victim: str):
    name, sessions = ACTORS[victim]
    replica, _ = trial.ground.replicas
    pid = replica.running_node(name)["pid"]

    hold(Case(f"SIGKILL of {victim}", lambda: os.kill(pid, signal.SIGKILL), sessions=sessions))


def test_the_admin_process_of_the_actor_system_is_killed(trial: Trial, hold: Hold):
    replica, _ = trial.ground.replicas
    pid = parent_of(replica.running_node(CONNECTOR)["pid"])

    hold(Case("SIGKILL of Thespian's admin", lambda: os.kill(pid, signal.SIGKILL), sessions=OPERATORS))


def test_the_main_process_is_killed(trial: Trial, hold: Hold):
    pid = trial.ground.replicas[0].child.pid

    hold(Case("SIGKILL of the main process", lambda: os.kill(pid, signal.SIGKILL), sessions=OPERATORS))


def test_all_processes_of_a_replica_are_killed(trial: Trial, hold: Hold):
    processes = trial.ground.replicas[0].processes()

    hold(Case("SIGKILL of a whole replica", lambda: signal_all(processes, signal.SIGKILL), sessions=OPERATORS))


def test_all_processes_of_both_replicas_are_killed(trial: Trial, hold: Hold):
    processes = [process for replica in trial.ground.replicas for process in replica.processes()]
    sessions = OPERATORS * len(REPLICAS)

    hold(Case("SIGKILL of both replicas at once", lambda: signal_all(processes, signal.SIGKILL), sessions=sessions))


def parent_of(pid: int) -> int:
    """Field 4 of proc_pid_stat(5), which counts from the "(name)"."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return int(file.read().rpartition(")")[2].split()[1])
