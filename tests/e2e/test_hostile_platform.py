"""A platform and an operator-management-service that mean harm: a clear word, bounded memory, and traffic goes on."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import psutil
import pytest
from aiohttp import web
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess, nodes_of
from hostile_management import Answer, HostileManagement
from platform_side import DEAD, HEALTH, Platform, a_message
from services import Services
from simulated_operator import SimulatedOperator
from waiting import wait_until

from sandbox.stack import Stack

NOTICED_S = 20.0
MOST_GROWTH_BYTES = 128 * 1024 * 1024  # of any process
LARGEST = 1024 * 1024 - 1024  # bytes that NATS takes, less some for headers
LARGE_ONES = 200
OPERATORS: Mapping[str, Mapping[str, object]] = {"unmoved": {}, "flooded": {"tps": 1000}}
"""OperatorConfig of each, where it differs from the usual."""


@pytest.fixture(scope="module")
def operators(loop: BackgroundLoop) -> Iterator[Mapping[str, SimulatedOperator]]:
    with ExitStack() as running:
        yield {
            name: running.enter_context(SimulatedOperator(loop, name, config, is_tapped=False))
            for name, config in OPERATORS.items()
        }


@pytest.fixture(scope="module")
def management(
    loop: BackgroundLoop, stack: Stack, operators: Mapping[str, SimulatedOperator]
) -> Iterator[HostileManagement]:
    with HostileManagement(loop, stack.authority.issue_server("hostile-management"), operators) as service:
        yield service


@pytest.fixture(scope="module")
def connector(services: Services, management: HostileManagement) -> Iterator[ConnectorProcess]:
    with services.running(OPERATOR_MANAGEMENT_URL=management.url) as process:
        yield process


@pytest.fixture(autouse=True)
def traffic_goes_on(platform: Platform, connector: ConnectorProcess) -> Iterator[None]:
    """Whatever a test does."""
    connector.first_session("unmoved", bound=True)
    health = platform.wait_for(HEALTH, "unmoved")
    yield
    platform.final_event(platform.dispatch("unmoved"))
    assert platform.events(HEALTH, "unmoved") == health
    assert [node["name"] for node in nodes_of(connector.tree()) if node["restarts"]] == []
    assert [line for line in connector.log if line["level"] in ("ERROR", "CRITICAL")] == []


def resident_bytes(connector: ConnectorProcess) -> int:
    """Of the process that has the most."""
    return max(psutil.Process(process.pid).memory_info().rss for process in connector.processes())


# The operator-management-service.


def answer(body: bytes, **details: object) -> Answer:
    async def respond(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, **details)

    return respond


async def without_end(request: web.Request) -> web.StreamResponse:
    """Faster than anyone can use it."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" " * 65_536)


MORE_THAN_FIT = json.dumps(
    {"operators": [{"operator_id": f"more-{number}", "endpoints": [{"host": "smsc"}]} for number in range(80_000)]}
).encode()

NONSENSE: Mapping[str, tuple[Answer, str]] = {
    "no JSON": (answer(b"{'operators'"), "answer not understood: JSON is malformed"),
    "a page": (answer(b"<!doctype html>", content_type="text/html"), "answer not understood: JSON is malformed"),
    "another type": (answer(b'{"operators": 7}'), "answer not understood: Expected `array`, got `int`"),
    "deep": (answer(b'{"operators": ' + b"[" * 10_000), "answer not understood: "),
    "elsewhere": (answer(b"", status=302, headers={"Location": "http://127.0.0.1:1/"}), "HTTP status 302"),
    "more operators than fit": (answer(MORE_THAN_FIT), "answer longer than 4194304 bytes"),
    "without end": (without_end, "answer longer than 4194304 bytes"),
}


@pytest.mark.parametrize(("nonsense", "words"), NONSENSE.values(), ids=NONSENSE)
def test_nonsense_from_the_management_service_is_said_and_changes_nothing(
    platform: Platform, connector: ConnectorProcess, management: HostileManagement, nonsense: Answer, words: str
):
    told = len(connector.events("router_degraded"))
    before = resident_bytes(connector)
    with management.answering(nonsense):
        platform.tell_of_changes()
        wait_until(lambda: len(connector.events("router_degraded")) > told, NOTICED_S, "nonsense noticed")
        platform.final_event(platform.dispatch("unmoved"))
    platform.tell_of_changes()
    connector.running_node("dispatch-router", last_error="")

    assert connector.events("router_degraded")[told]["message"].startswith(f"operator-management-service: {words}")
    assert resident_bytes(connector) - before < MOST_GROWTH_BYTES


# The platform.


def a_large_one(number: int) -> bytes:
    message = a_message("flooded", message_id=f"large-{number}", text="")
    return json.dumps(message | {"text": "x" * (LARGEST - len(json.dumps(message)))}).encode()


def test_many_messages_of_a_megabyte_are_told_to_be_dead_and_fill_no_memory(
    platform: Platform, connector: ConnectorProcess
):
    before = resident_bytes(connector)
    for number in range(LARGE_ONES):
        platform.publish("flooded", a_large_one(number))
    platform.final_event(platform.dispatch("flooded"))

    dead = platform.wait_for(DEAD, "flooded", LARGE_ONES)
    assert len(dead) == LARGE_ONES
    assert resident_bytes(connector) - before < MOST_GROWTH_BYTES
