"""What the kubelet makes of a service in trouble, by the probes of the chart."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from background_loop import BackgroundLoop
from deployment import Pod, ProbedProcess, Rules
from fleet import Fleet
from mobile_operator import MobileOperator
from operator_site import Site
from services import Services
from waiting import wait_until

from sandbox.process_tree import await_paused, process_tree
from sandbox.stack import Stack

pytestmark = [pytest.mark.real_timers, pytest.mark.timeout(400)]

READY_S = 60.0
STOPPED_S = 10.0
MINUTE_S = 60.0


@pytest.fixture(scope="module")
def own_stack() -> Iterator[Stack]:
    """Servers that may be taken away."""
    with Stack() as running, Services(running).prepared() as process:
        assert process.run_command("migrate").returncode == 0
        yield running


@pytest.fixture
def smsc(loop: BackgroundLoop) -> Iterator[Site]:
    with Site(loop) as running:
        yield running


@pytest.fixture
def pod(own_stack: Stack, loop: BackgroundLoop, smsc: Site, rules: Rules) -> Iterator[Pod]:
    """Ready, with one operator."""
    with Fleet(own_stack, loop, ProbedProcess) as fleet:
        fleet.tell(MobileOperator("probed", smsc))
        made = Pod(fleet.launch("pod", **rules.settings), rules)
        wait_until(lambda: made.is_ready, READY_S, "a ready pod")
        yield made
        made.forget()


def test_a_pod_without_any_server_is_not_ready_and_not_killed(own_stack: Stack, smsc: Site, pod: Pod, rules: Rules):
    servers = (own_stack.nats, own_stack.redis, own_stack.postgres, own_stack.operator_management)
    for server in servers:
        server.stop()
    smsc.go_down()
    wait_until(lambda: not pod.is_ready, READY_S, "a pod that is not ready")
    patience_s = (rules.liveness.failures + 1) * (rules.liveness.period_s + rules.liveness.timeout_s)
    ends_at = time.monotonic() + patience_s
    wait_until(lambda: time.monotonic() > ends_at or pod.was_condemned, 2 * patience_s, "the kubelet's patience")

    assert not pod.was_condemned
    for server in servers:
        server.start()
    smsc.resume_links()
    wait_until(lambda: pod.is_ready, READY_S, "a ready pod")


def test_a_wedged_actor_system_is_killed_within_a_minute(pod: Pod, rules: Rules):
    root = pod.process.running_node("connector")["pid"]
    os.kill(root, signal.SIGSTOP)
    assert await_paused(process_tree(root)[:1], STOPPED_S)
    try:
        wait_until(lambda: pod.was_condemned, MINUTE_S - rules.condemned_grace_s, "a kubelet that ends it")
    finally:
        os.kill(root, signal.SIGCONT)
