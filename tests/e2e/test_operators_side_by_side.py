"""Operators share a service and nothing else: what one does slows down no other. Within one, priority decides."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from mobile_operator import REAL, MobileOperator
from operator_site import Site
from platform_side import Platform
from services import Operator
from simulated_operator import SimulatedOperator
from waiting import wait_until

from sandbox.link_proxy import LinkProxy

MESSAGES = 300
TPS = 100  # of the operator that is measured; with MESSAGES it takes 3 s
BACKLOG = 400  # messages of each of the others
MOST_TIMES = 3.0  # as long; measured 1.05 to 1.15
AT_ONCE = 10_000.0  # messages a second
SETTLED_S = 60.0

NEIGHBOURS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "slow": ({"tps": 500}, {"answer_delay_s": 3.0}),
    "throttled": ({"tps": 500}, {"error_percent": 100, "error_status": "ESME_RTHROTTLED"}),
    "tiny": ({"tps": 1}, {}),
    "mistaken": ({"tps": 500}, {"id_start": 1_000_000, "receipt_id_notation": "hex"}),  # receipts that match nothing
}
"""OperatorConfig and character of each."""


@pytest.fixture(scope="module")
def single(loop: BackgroundLoop) -> Iterator[MobileOperator]:
    """Takes one message at a time, and may let us wait for its answer."""
    with Site(loop) as site:
        yield MobileOperator("single", site, timers=REAL, window=1)


@pytest.fixture(scope="module")
def operators(loop: BackgroundLoop, single: MobileOperator) -> Iterator[Mapping[str, Operator]]:
    kinds = {"steady": ({"tps": TPS}, {}), **NEIGHBOURS}
    with ExitStack() as running:
        simulated = {
            operator_id: running.enter_context(SimulatedOperator(loop, operator_id, config, is_tapped=False, **traits))
            for operator_id, (config, traits) in kinds.items()
        }
        yield {**simulated, "single": single}


def took_s(platform: Platform, operator_id: str, name: str) -> float:
    """From the first dispatch to the last final event, which comes with the receipt of its message."""
    message_ids = [f"{name}-{number}" for number in range(MESSAGES)]
    started_at = time.monotonic()
    platform.dispatch_load(operator_id, message_ids, AT_ONCE).result()
    wait_until(lambda: set(platform.final_counts(operator_id)) >= set(message_ids), SETTLED_S, f"all of {name}")
    return time.monotonic() - started_at


def test_an_operator_goes_on_at_its_rate_beside_others_that_are_slow_throttled_tiny_or_send_receipts_of_nothing(
    platform: Platform, connector: ConnectorProcess
):
    platform.final_event(platform.dispatch("steady"))
    alone_s = took_s(platform, "steady", "alone")
    for neighbour in NEIGHBOURS:
        platform.dispatch_load(neighbour, [f"{neighbour}-{number}" for number in range(BACKLOG)], AT_ONCE).result()

    beside_s = took_s(platform, "steady", "beside")

    print(f"alone {alone_s:.1f} s, beside the others {beside_s:.1f} s")
    assert beside_s < MOST_TIMES * alone_s
    assert {name for name in NEIGHBOURS if platform.unsettled(name)} >= {"throttled", "tiny"}


def test_a_higher_priority_overtakes_what_waits_for_the_same_operator(
    platform: Platform, connector: ConnectorProcess, single: MobileOperator
):
    (site,) = single.sites
    single.wait_bound(connector)
    site.link(LinkProxy.stall)
    platform.dispatch("single", text="#0 is on its way already")
    assert connector.running_node("operator@single", window_in_use=1)

    for number, priority in enumerate((0, 0, 1, 3, 2, 3), 1):
        platform.dispatch("single", text=f"#{number} waits", priority=priority)
    assert connector.running_node("operator@single", queue=6)
    site.resume_links()

    site.wait_for_submits(7)
    assert list(site.markers) == [0, 4, 6, 5, 3, 1, 2]
