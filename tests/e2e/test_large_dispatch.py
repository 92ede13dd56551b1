"""A NATS that takes more than the service does: a dispatch of 20 MiB is told to be dead, and the others flow."""

import json
from collections.abc import Iterator, Mapping

import psutil
import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from platform_side import DEAD, Platform, a_message
from services import Services
from simulated_operator import SimulatedOperator

from core.storing import MAX_DEAD_PAYLOAD_BYTES
from sandbox.nats import NatsServer
from sandbox.stack import Stack

MIB = 1 << 20
TAKEN_BYTES = 64 * MIB  # the most that a NATS server can be set to
LARGE_BYTES = 20 * MIB
MOST_GROWTH_BYTES = 256 * MIB  # of any process; the router holds it once or twice


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with NatsServer(tmp_path_factory.mktemp("nats"), max_payload_bytes=TAKEN_BYTES) as running:
        yield running


@pytest.fixture(scope="module")
def stack(nats: NatsServer) -> Iterator[Stack]:
    with Stack(nats_url=nats.url) as running:
        running.environment["NATS_NKEY_SEED_FILE"] = str(nats.seed_file)
        yield running


@pytest.fixture(scope="module")
def operators(loop: BackgroundLoop) -> Iterator[Mapping[str, SimulatedOperator]]:
    with SimulatedOperator(loop, "large") as operator:
        yield {"large": operator}


@pytest.fixture(scope="module")
def services(stack: Stack) -> Services:
    return Services(stack)


def resident_bytes(connector: ConnectorProcess) -> int:
    """Of the process that has the most."""
    return max(psutil.Process(process.pid).memory_info().rss for process in connector.processes())


def test_a_dispatch_above_the_bound_is_dead_and_holds_up_no_other(connector: ConnectorProcess, platform: Platform):
    before = resident_bytes(connector)
    large = json.dumps(a_message("large", ignored="x" * LARGE_BYTES)).encode()

    sent = [platform.dispatch("large")]
    for _ in range(2):
        platform.publish("large", large)
        sent.append(platform.dispatch("large"))

    assert [platform.final_event(message_id)["status"] for message_id in sent] == ["DELIVERED"] * len(sent)
    why = f"{len(large)} bytes are more than {16 * MIB}; payload cut to {MAX_DEAD_PAYLOAD_BYTES}"
    assert [event["reason"] for event in platform.wait_for(DEAD, "large", 2)] == [why] * 2
    assert [line["size_bytes"] for line in connector.events("dispatch_too_large")] == [len(large)] * 2
    assert resident_bytes(connector) - before < MOST_GROWTH_BYTES
