"""A message that is published twice is sent once, whatever the publisher says and whichever replica gets it."""

from collections.abc import Iterator

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from fleet import Fleet
from mobile_operator import UNDER_LOAD, MobileOperator
from operator_site import Site
from platform_side import EVENT_S, Platform
from reconciliation import assert_reconciled, message_ids
from services import Services
from waiting import wait_until

from sandbox.stack import Stack

MESSAGES = 200
RATE = 200.0
REPEATED_S = 40.0  # for what had to wait for the first, in steps of 5 s

Made = tuple[MobileOperator, list[ConnectorProcess], Platform]


@pytest.fixture
def fleet(stack: Stack, loop: BackgroundLoop, services: Services) -> Iterator[Fleet]:
    with services.prepared() as process:
        assert process.run_command("migrate").returncode == 0
    with Fleet(stack, loop) as made:
        yield made


@pytest.fixture
def made(stack: Stack, loop: BackgroundLoop, fleet: Fleet) -> Iterator[Made]:
    """An operator, two replicas, and the platform."""
    with Site(loop, answer_delay_s=0.05) as site:
        operator = MobileOperator("repeating", site, timers=UNDER_LOAD, tps=500)
        fleet.tell(operator)
        replicas = fleet.start("first", "second")
        for replica in replicas:
            operator.wait_bound(replica)
        with Platform(loop, stack) as platform:
            yield operator, replicas, platform


def repeated(replicas: list[ConnectorProcess]) -> float:
    """Repeats that ended."""
    name = 'smpp_messages_total{operator="repeating",outcome="repeated"}'
    return sum(replica.metrics().get(name, 0) for replica in replicas)


def test_messages_published_twice_at_once_and_later_are_sent_once(made: Made):
    operator, replicas, platform = made
    ids = message_ids(operator, MESSAGES)

    both = [platform.dispatch_load(operator.operator_id, ids, RATE) for _ in range(2)]
    for load in both:
        load.result(EVENT_S)
    wait_until(lambda: repeated(replicas) == MESSAGES, REPEATED_S, "the repeats to end")
    platform.dispatch_load(operator.operator_id, ids, RATE).result(EVENT_S)
    wait_until(lambda: repeated(replicas) == 2 * MESSAGES, REPEATED_S, "the later repeats to end")

    assert_reconciled(platform, operator, ids)
