"""RUNTIME_DIR is full: an actor that is started anew says what it goes without, and works. Needs root."""

import os
import signal
from collections.abc import Iterator, Mapping

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess, nodes_of
from platform_side import Platform
from services import Services
from simulated_operator import SimulatedOperator
from small_disk import SmallDisk, small_disk_or_skip

DISK_BYTES = 8 << 20
SESSION = "session@cramped@0.0"


@pytest.fixture(scope="module")
def disk() -> Iterator[SmallDisk]:
    with small_disk_or_skip(DISK_BYTES) as mounted:
        yield mounted


@pytest.fixture(scope="module")
def operators(loop: BackgroundLoop) -> Iterator[Mapping[str, SimulatedOperator]]:
    with SimulatedOperator(loop, "cramped") as operator:
        yield {"cramped": operator}


@pytest.fixture(scope="module")
def connector(
    disk: SmallDisk, services: Services, operators: Mapping[str, SimulatedOperator]
) -> Iterator[ConnectorProcess]:
    with services.running(*operators.values(), RUNTIME_DIR=str(disk.path / "run")) as process:
        yield process


def restart(connector: ConnectorProcess, restarts: int) -> None:
    """Kill the session; returns when the next one, the `restarts`th, is bound."""
    os.kill(connector.first_session("cramped", bound=True)["pid"], signal.SIGKILL)
    connector.first_session("cramped", bound=True, restarts=restarts)


def restarts_of_all(connector: ConnectorProcess) -> dict[str, int]:
    return {node["name"]: node["restarts"] for node in nodes_of(connector.tree()) if node["restarts"]}


def test_a_start_on_a_full_disk_is_refused_with_one_line(disk: SmallDisk, services: Services):
    """Before the others: the disk is empty again for them."""
    folder = disk.path / "full"
    disk.fill()
    with services.prepared(RUNTIME_DIR=str(folder)) as process:
        refused = process.run_command("run")
    disk.clear()

    assert refused.returncode == 2
    assert refused.stderr == f"smpp-connector: RUNTIME_DIR: No space left on device: {folder}\n"


def test_an_actor_that_finds_the_disk_full_works_without_journal_and_metrics(
    disk: SmallDisk, connector: ConnectorProcess, platform: Platform
):
    platform.final_event(platform.dispatch("cramped"))
    for restarts in (1, 2):  # the journal of the first to die makes room when it is read
        disk.fill()
        restart(connector, restarts)

    sent = [platform.dispatch("cramped") for _ in range(3)]

    assert [platform.final_event(message_id)["status"] for message_id in sent] == ["DELIVERED"] * len(sent)
    said = len(connector.events("journal_unavailable"))
    assert said >= 1
    assert {line["actor"] for line in connector.events("metrics_unavailable")} >= {SESSION}
    assert restarts_of_all(connector) == {SESSION: 2}
    assert connector.metrics()['smpp_operator_bound{operator="cramped"}'] == 1

    disk.clear()
    restart(connector, 3)
    platform.final_event(platform.dispatch("cramped"))

    assert len(connector.events("journal_unavailable")) == said
