"""Nobody else gets at the actors: not another user of this machine, and not another network."""

import os
import pickle
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from connector_process import nodes_of
from stranger import NoNamespace, Outcomes, another_network, another_user, outcomes_for
from trial_process import TrialProcess
from waiting import wait_until

from actors.runtime.sealed_frames import Seal
from sandbox.account import unprivileged_account
from sandbox.process import LOOPBACK

HEALTHY_S = 20.0
REFUSED_S = 2.0  # for a port that is not to be reached
ACTORS = 5
FORGED = Seal(b"a guess").frame(pickle.dumps("let me in"))
ACKNOWLEDGED = pickle.dumps("ACK")
OURS, THEIRS = "198.18.213.1", "198.18.213.2"  # of the range for trials (RFC 2544)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user or make a network")


@pytest.fixture(scope="module")
def trial() -> Iterator[TrialProcess]:
    """A service in a folder below one that everybody may enter."""
    with TemporaryDirectory() as open_folder:
        os.chmod(open_folder, 0o755)
        with TrialProcess({"RUNTIME_DIR": str(Path(open_folder) / "run")}) as process:
            wait_until(lambda: len(nodes_of(process.tree())) == ACTORS and process.is_healthy(), HEALTHY_S, "a start")
            yield process


def pids(process: TrialProcess) -> dict[str, int]:
    return {node["name"]: node["pid"] for node in nodes_of(process.tree())}


def ports(process: TrialProcess) -> set[int]:
    """Where the service listens."""
    return {
        connection.laddr.port
        for member in process.processes()
        for connection in psutil.Process(member.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


def connect(host: str, port: int) -> None:
    with socket.create_connection((host, port), REFUSED_S):
        pass


def connect_to_lane(lane: Path) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(REFUSED_S)
        connection.connect(str(lane))


def be_answered(port: int) -> None:
    """OSError unless a message, sealed with a secret that is not the service's, gets an answer that is one."""
    with socket.socket() as connection:  # a plain one: create_connection would load the codec of names
        connection.settimeout(REFUSED_S)
        connection.connect((LOOPBACK, port))
        connection.sendall(FORGED)
        if not connection.recv(1000).endswith(ACKNOWLEDGED):
            raise PermissionError


def as_another_user(**attempts: Callable[[], object]) -> Outcomes:
    return outcomes_for(another_user(unprivileged_account()), attempts)


def test_another_user_may_go_to_the_door_of_the_folder_and_not_in(trial: TrialProcess):
    files = [path for path in trial.runtime_dir.rglob("*") if path.is_file()]
    reading = {str(file): file.read_bytes for file in files}

    assert trial.runtime_dir / "lock" in files
    assert as_another_user(door=lambda: os.listdir(trial.runtime_dir.parent)) == {"door": "done"}
    assert set(as_another_user(folder=lambda: os.listdir(trial.runtime_dir), **reading).values()) == {"PermissionError"}


def test_another_user_reaches_no_lane(trial: TrialProcess):
    lanes = {lane.name: lane for lane in (trial.runtime_dir / "lanes").iterdir()}
    attempts = {name: (lambda lane=lane: connect_to_lane(lane)) for name, lane in lanes.items()}

    assert lanes.keys() == pids(trial).keys()
    assert as_another_user(**attempts) == dict.fromkeys(lanes, "PermissionError")


def test_another_user_sees_neither_the_memory_nor_the_environment_of_a_process(trial: TrialProcess):
    processes = [process.pid for process in trial.processes()]
    attempts = {
        f"{pid} {file}": Path(f"/proc/{pid}/{file}").open for pid in processes for file in ("mem", "environ", "maps")
    }

    assert len(processes) > ACTORS
    assert as_another_user(**attempts) == dict.fromkeys(attempts, "PermissionError")


def test_another_user_is_not_answered_by_any_actor(trial: TrialProcess):
    before = pids(trial)
    attempts = {str(port): (lambda port=port: be_answered(port)) for port in ports(trial)}

    assert "done" not in as_another_user(**attempts).values()
    assert (pids(trial), trial.is_healthy()) == (before, True)


def test_nobody_in_another_network_reaches_a_port(trial: TrialProcess):
    attempts = {
        f"{host} {port}": (lambda h=host, p=port: connect(h, p)) for host in (OURS, LOOPBACK) for port in ports(trial)
    }
    try:
        with (
            another_network(f"smpp{os.getpid()}", OURS, THEIRS) as become,
            socket.create_server((OURS, 0)) as open_port,
        ):
            reachable = open_port.getsockname()[1]
            outcomes = outcomes_for(become, {"open": lambda: connect(OURS, reachable), **attempts})
    except NoNamespace as error:
        pytest.skip(f"no network of its own: {error}")

    assert outcomes == {"open": "done", **dict.fromkeys(attempts, "ConnectionRefusedError")}
