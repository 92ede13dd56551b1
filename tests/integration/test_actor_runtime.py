"""The actor runtime under real faults, with trivial actors (tests/support/trial_actors.py) in the real service."""

import os
import pickle
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event
from typing import Any

import psutil
import pytest
from connector_process import Node, nodes_of
from thespian.system.transport import streamBuffer
from trial_actors import hang_file
from trial_process import TrialProcess
from waiting import wait_until

from actors.runtime import system
from actors.runtime.closed_transport import MOST_INCOMPLETE
from actors.runtime.sealed_frames import HEADER_BYTES, Seal
from actors.runtime.system import AlreadyRunning, FolderUnusable, RuntimeFolder
from sandbox.process_tree import await_gone, await_paused, process_tree

HEAL_S = 10.0
ANSWER_S = 3.0  # for the whole tree, however many actors are silent
TAKE_S = 1.0  # for all that a stranger says; most ports take only some of it
REPLY_S = 0.2  # to a stranger on a port; most get none
GONE_S = 2.0  # for everything, after the main process
SCRAPES = 3000  # each left 1 kB of cycles
MIB = 1 << 20
ACTORS = {"connector", "dispatch-router", "operator@deep", "leaf-0", "leaf-1"}
LOOPBACK = "127.0.0.1"

FOREIGN_ADMIN = """
import socket, sys
from thespian.actors import ActorSystem
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
system = ActorSystem("multiprocTCPBase", {"Admin Port": port, "Process Startup Method": "fork"})
print(port, flush=True)
sys.stdin.read()
system.shutdown()
"""

StartTrial = Callable[..., TrialProcess]


@pytest.fixture
def start_trial() -> Iterator[StartTrial]:
    """Starts services that heal before they are handed out; what is left of them is killed."""
    with ExitStack() as running:

        def start(**settings: str) -> TrialProcess:
            process = running.enter_context(TrialProcess(settings))
            running.callback(lambda: print(process.log_file.read_text()))
            await_health(process)
            return process

        yield start


@pytest.fixture
def trial(start_trial: StartTrial) -> TrialProcess:
    return start_trial()


@pytest.fixture(scope="module")
def lasting_trial() -> Iterator[TrialProcess]:
    """For tests that end no process of it."""
    with TrialProcess({}) as process:
        await_health(process)
        yield process


def await_health(process: TrialProcess) -> None:
    wait_until(lambda: set(nodes(process)) == ACTORS and process.is_healthy(), HEAL_S, "all actors running")


def nodes(process: TrialProcess) -> dict[str, Node]:
    return {node["name"]: node for node in nodes_of(process.tree())}


def pids(process: TrialProcess) -> dict[str, int]:
    return {name: node["pid"] for name, node in nodes(process).items()}


def states(process: TrialProcess) -> dict[str, str]:
    return {name: node["state"] for name, node in nodes(process).items()}


def restarts(process: TrialProcess) -> dict[str, int]:
    return {name: node["restarts"] for name, node in nodes(process).items() if node["restarts"]}


def await_restart(process: TrialProcess, name: str, count: int = 1) -> None:
    wait_until(lambda: (process.node(name) or {}).get("restarts") == count, HEAL_S, f"{name} started anew")
    await_health(process)


def await_deed(process: TrialProcess, deed: str) -> None:
    wait_until(lambda: deed in process.deeds(), HEAL_S, deed)


def admin_pid(process: TrialProcess) -> int:
    """Thespian's admin process: the one that has detached."""
    (pid,) = (member.pid for member in process.processes() if psutil.Process(member.pid).ppid() == 1)
    return pid


def work(process: TrialProcess) -> None:
    """Have an order pass through the mailboxes from the root to the lowest actor."""
    works = process.running_node("operator@deep")["works"]
    process.order("operator@deep", "work")
    process.running_node("operator@deep", works=works + 1)


def stop_process(pid: int) -> None:
    """SIGSTOP; returns when it stands still."""
    os.kill(pid, signal.SIGSTOP)
    assert await_paused(process_tree(pid)[:1], HEAL_S)


def ports_of(pid: int) -> set[tuple[str, int]]:
    """Address and port of every listening socket of a process."""
    connections = psutil.Process(pid).net_connections("inet")
    return {tuple(one.laddr) for one in connections if one.status == psutil.CONN_LISTEN}


def listening(process: TrialProcess) -> set[tuple[str, int]]:
    """Address and port of every listening socket of the service."""
    return set().union(*(ports_of(member.pid) for member in process.processes()))


def hold_until(folder: RuntimeFolder, leave: Event) -> None:
    with folder.hold():
        leave.wait(HEAL_S)


def count_open(file: Path) -> int:
    """How often this process has the file open."""
    return sum(opened.samefile(file) for opened in Path("/proc/self/fd").iterdir() if opened.exists())


def scrape(process: TrialProcess, times: int) -> None:
    """Each over a connection of its own."""
    for _ in range(times):
        process.get("/metrics")


def private_bytes(process: TrialProcess) -> int:
    """Memory of the main process that it shares with no other."""
    octets: int = psutil.Process(process.child.pid).memory_full_info().uss
    return octets


def health(process: TrialProcess) -> int:
    """HTTP status of /healthz."""
    try:
        with urllib.request.urlopen(f"{process.http}/healthz", timeout=HEAL_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


# Bugs.


@pytest.mark.parametrize("bug", ["fail_in_the_loop", "fail_in_a_task", "fail_in_the_main_thread"])
def test_a_bug_ends_its_actor_after_one_run_and_the_parent_starts_it_anew(trial: TrialProcess, bug: str):
    before = pids(trial)
    trial.order("leaf-0", bug)
    await_restart(trial, "leaf-0")

    assert trial.deeds() == [f"leaf-0 {bug}"]
    assert {name for name, pid in pids(trial).items() if pid != before[name]} == {"leaf-0"}
    assert [(line["actor"], line["level"]) for line in trial.events("actor_bug")] == [("leaf-0", "CRITICAL")]
    assert [line["child"] for line in trial.events("actor_died")] == ["leaf-0"]


def test_the_log_of_a_bug_shows_where_it_is_and_not_the_message(trial: TrialProcess):
    trial.order("leaf-0", "fail_in_the_loop")
    await_restart(trial, "leaf-0")

    (line,) = trial.events("actor_bug")
    assert "in fail_in_the_loop" in line["exception"]
    assert "Order(" not in trial.log_file.read_text()


def test_an_actor_that_keeps_failing_is_started_with_growing_pauses(trial: TrialProcess):
    for count in range(1, 5):
        trial.order("leaf-0", "fail_in_the_loop")
        await_restart(trial, "leaf-0", count)

    pauses = [line["restart_in_s"] for line in trial.events("actor_died")]
    assert all(least <= pause <= 1.1 * least + 0.01 for least, pause in zip([0.1, 0.2, 0.4, 0.8], pauses, strict=True))


def test_an_actor_that_ends_by_itself_is_started_anew(trial: TrialProcess):
    trial.order("leaf-1", "exit_at_once")
    await_restart(trial, "leaf-1")

    trial.order("leaf-1", "work")
    trial.running_node("leaf-1", works=1)


# Killed and stopped processes.


def test_a_killed_actor_is_started_anew_and_works(trial: TrialProcess):
    before = pids(trial)
    os.kill(before["leaf-0"], signal.SIGKILL)
    await_restart(trial, "leaf-0")
    trial.order("leaf-0", "work")

    assert trial.running_node("leaf-0", works=1)["pid"] != before["leaf-0"]
    assert {name: pid for name, pid in pids(trial).items() if name != "leaf-0"} == {
        name: pid for name, pid in before.items() if name != "leaf-0"
    }


def test_a_killed_parent_takes_its_children_along_and_they_come_back(trial: TrialProcess):
    before = pids(trial)
    orphan = process_tree(before["operator@deep"])
    os.kill(before["dispatch-router"], signal.SIGKILL)

    assert await_gone(orphan, GONE_S)
    await_restart(trial, "dispatch-router")
    assert restarts(trial) == {"dispatch-router": 1}
    assert pids(trial)["operator@deep"] != before["operator@deep"]


def test_a_killed_root_supervisor_is_started_anew_with_all_below(trial: TrialProcess):
    before = pids(trial)
    old = [process for pid in before.values() for process in process_tree(pid)[:1]]
    os.kill(before["connector"], signal.SIGKILL)

    assert await_gone(old, GONE_S)
    await_restart(trial, "connector")
    trial.order("operator@deep", "work")
    trial.running_node("operator@deep", works=1)
    assert health(trial) == 200


def test_an_actor_that_hangs_in_its_start_is_ended_and_started_anew(trial: TrialProcess):
    """Takes as long as a start may."""
    hang_file(trial.runtime_dir, "leaf-0").touch()
    os.kill(pids(trial)["leaf-0"], signal.SIGKILL)

    wait_until(lambda: not hang_file(trial.runtime_dir, "leaf-0").exists(), HEAL_S, "leaf-0 started")
    wait_until(lambda: restarts(trial) == {"leaf-0": 2} and trial.is_healthy(), 30, "leaf-0 started once more")


@pytest.mark.parametrize("stopped", sorted(ACTORS))
def test_a_stopped_actor_is_shown_without_answer_and_hides_no_other(lasting_trial: TrialProcess, stopped: str):
    before = pids(lasting_trial)
    stop_process(before[stopped])
    asked_at = time.monotonic()
    found = nodes(lasting_trial)
    took_s = time.monotonic() - asked_at
    os.kill(before[stopped], signal.SIGCONT)

    assert took_s < ANSWER_S
    assert {name: (node["state"], node["pid"]) for name, node in found.items()} == {
        name: ("no answer" if name == stopped else "running", pid) for name, pid in before.items()
    }
    await_health(lasting_trial)
    assert (pids(lasting_trial), restarts(lasting_trial)) == (before, {})


def test_an_actor_whose_loop_is_blocked_is_shown_without_answer(trial: TrialProcess):
    trial.order("leaf-0", "block_the_loop")
    await_deed(trial, "leaf-0 block_the_loop")

    assert {name for name, state in states(trial).items() if state == "no answer"} == {"leaf-0"}


def test_an_actor_that_hangs_is_ended_and_started_anew(trial: TrialProcess):
    trial.order("leaf-0", "block_the_loop")

    wait_until(lambda: restarts(trial) == {"leaf-0": 1} and trial.is_healthy(), 60, "leaf-0 started anew")
    assert [line["child"] for line in trial.events("actor_hangs")] == ["leaf-0"]


def test_a_killed_main_process_leaves_no_process(trial: TrialProcess):
    members = trial.processes()
    assert len(members) > len(ACTORS)
    trial.child.send(signal.SIGKILL)

    assert await_gone(members, GONE_S)
    assert trial.processes() == []


def test_a_killed_main_process_leaves_no_process_even_where_some_are_stopped(trial: TrialProcess):
    members = trial.processes()
    for name in ("connector", "operator@deep"):
        stop_process(pids(trial)[name])
    trial.child.send(signal.SIGKILL)

    assert await_gone(members, GONE_S)


def test_the_service_ends_with_a_failure_when_its_actor_system_is_gone(trial: TrialProcess):
    os.kill(admin_pid(trial), signal.SIGKILL)

    assert trial.child.wait(30) == 1
    assert trial.left_over() == []
    assert [line["level"] for line in trial.events("actor_system_gone")] == ["CRITICAL"]


# Start and stop.


def test_a_start_over_a_running_service_is_refused(trial: TrialProcess):
    before = pids(trial)
    second = subprocess.run(
        [*trial.command()], env=dict(trial.environment()), capture_output=True, text=True, timeout=30, check=False
    )

    refusal = f"another service (pid {trial.child.pid}) runs in {trial.runtime_dir}\n"
    assert (second.returncode, second.stdout, second.stderr) == (1, "", refusal)
    assert pids(trial) == before


def test_the_folder_of_a_killed_service_is_taken_over(trial: TrialProcess):
    trial.child.kill()
    assert (trial.runtime_dir / "lanes" / "leaf-0").exists()
    trial.start()

    await_health(trial)
    assert restarts(trial) == {}


def test_one_that_waited_for_the_folder_holds_it_against_a_third(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The lock must not go with the folder's first holder."""
    first, second, third = (RuntimeFolder(tmp_path / "run") for _ in range(3))
    leave = Event()
    with ThreadPoolExecutor() as beside:
        with first.hold():
            waiting = beside.submit(hold_until, second, leave)
            wait_until(lambda: count_open(first.lock) == 2, HEAL_S, "the second waits for the lock")
        wait_until(second.lanes.exists, HEAL_S, "the second holds the folder")
        monkeypatch.setattr(system, "LOCK_WAIT_S", 0.1)
        with pytest.raises(AlreadyRunning), third.hold():
            pass
        leave.set()
        waiting.result(HEAL_S)


def test_a_stop_leaves_nothing(trial: TrialProcess):
    ports = listening(trial)

    assert trial.finish() == 0
    assert trial.left_over() == []
    assert {file.name for file in trial.runtime_dir.iterdir()} <= {"lock"}
    assert {file.name for file in trial.directory.iterdir()} == {"run", trial.log_file.name}
    for address in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, HEAL_S)


def test_ctrl_c_stops_as_well_as_a_termination(trial: TrialProcess):
    members = trial.processes()
    os.killpg(trial.child.pid, signal.SIGINT)

    assert trial.child.wait(HEAL_S) == 0
    assert await_gone(members, GONE_S)


@pytest.mark.parametrize("stopped", ["leaf-0", "connector"])
def test_an_actor_that_hangs_holds_up_a_stop_for_no_longer_than_the_drain_timeout(
    start_trial: StartTrial, stopped: str
):
    trial = start_trial(DRAIN_TIMEOUT_S="1")
    stop_process(pids(trial)[stopped])
    members = trial.processes()

    assert trial.finish(within_s=HEAL_S) == 0
    assert await_gone(members, GONE_S)


def test_a_second_signal_ends_the_wait(start_trial: StartTrial):
    trial = start_trial(DRAIN_TIMEOUT_S="60")
    stop_process(pids(trial)["connector"])
    trial.child.send(signal.SIGTERM)
    wait_until(lambda: trial.events("service_stopping"), HEAL_S, "stopping")

    assert trial.finish(within_s=HEAL_S) == 0
    assert trial.left_over() == []


# Strangers.


@pytest.mark.slow
def test_the_admin_of_another_service_on_our_port_is_neither_joined_nor_ended(start_trial: StartTrial, tmp_path: Path):
    """Thespian itself would join it, with whatever code it runs; ours and it do not understand each other."""
    foreign = subprocess.Popen(
        [sys.executable, "-c", FOREIGN_ADMIN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "THESPLOG_FILE": str(tmp_path / "thespian.log")},
    )
    with foreign:
        assert foreign.stdout is not None
        trial = start_trial(FIRST_ADMIN_PORT=foreign.stdout.readline().strip())

        assert {node["name"] for node in nodes_of(trial.tree())} >= ACTORS
        assert trial.finish() == 0
        assert foreign.poll() is None
        assert trial.left_over() == []


def test_a_runtime_folder_may_be_deeper_than_the_path_of_a_socket_can_be(start_trial: StartTrial, tmp_path: Path):
    trial = start_trial(RUNTIME_DIR=str(tmp_path / ("deep" * 40) / "run"))

    assert trial.node("connector") is not None
    assert trial.finish() == 0


def test_a_folder_with_other_things_in_it_is_refused_and_left_as_it_is(tmp_path: Path):
    """/tmp or a home, named by mistake, would be shut to all others."""
    (tmp_path / "run").mkdir(mode=0o755)
    (tmp_path / "run" / "letters").touch()

    with pytest.raises(FolderUnusable, match=r"^RUNTIME_DIR: .*/run holds other things \(letters\)"):
        RuntimeFolder(tmp_path / "run").hold().__enter__()

    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o755
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["letters"]


def test_a_folder_that_is_private_already_serves_whatever_else_is_in_it(tmp_path: Path):
    (tmp_path / "run").mkdir(mode=0o700)
    (tmp_path / "run" / "core").touch()

    with RuntimeFolder(tmp_path / "run").hold():
        pass

    assert (tmp_path / "run" / "core").exists()


@pytest.mark.parametrize(("path", "reason"), [("file", "File exists"), ("file/run", "Not a directory")])
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, path: str, reason: str):
    (tmp_path / "file").touch()

    with pytest.raises(FolderUnusable, match=f"^RUNTIME_DIR: {reason}: {tmp_path / path}$"):
        RuntimeFolder(tmp_path / path).hold().__enter__()


def test_the_runtime_folder_is_private_even_where_it_was_open(tmp_path: Path):
    (tmp_path / "run").mkdir(mode=0o777)
    with RuntimeFolder(tmp_path / "run").hold():
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "run", *(tmp_path / "run").iterdir())
        }
    assert modes == {"run": 0o700, "lanes": 0o700, "metrics": 0o700, "submits": 0o700, "lock": 0o600}


def test_every_port_of_the_service_is_on_the_loopback_alone(lasting_trial: TrialProcess):
    ports = listening(lasting_trial)

    assert len(ports) > len(ACTORS)
    assert {address for address, _port in ports} == {LOOPBACK}


class Harmful:
    """Unpickling it makes a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self._file), "w")


def sealed(thing: object) -> bytes:
    """As an actor frames it, under another secret."""
    return Seal(b"other").frame(pickle.dumps(thing))


FRAMES: dict[str, Callable[[object], bytes]] = {
    "bare pickle": pickle.dumps,
    "framed as Thespian does": lambda thing: bytes(streamBuffer.toSendBuffer(thing, pickle.dumps)),
    "of a negative size": lambda _: b"-5>" + bytes(1000),
    "sealed with another secret": sealed,
    "sealed with another secret, with an address": lambda thing: sealed((None, thing)),
    "cut short": lambda thing: sealed(thing)[: HEADER_BYTES - 1],
    "endless": lambda _: b"9" * 10_000_000,
}


def is_acknowledged(stranger: socket.socket) -> bool:
    """Whether Thespian says that it has taken the message; to what it cannot read it says DATAERR, or nothing."""
    stranger.settimeout(REPLY_S)
    try:
        answer = stranger.recv(1000)
    except (TimeoutError, ConnectionError):
        return False
    return b"ACK" in answer and b"ACK+DATAERR" not in answer


def test_the_harmful_pickle_of_these_tests_is_harmful(tmp_path: Path):
    pickle.loads(pickle.dumps(Harmful(tmp_path / "made"))).close()
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_a_stranger_s_message_is_not_unpickled_and_disturbs_nobody(
    lasting_trial: TrialProcess, tmp_path: Path, frame: Callable[[object], bytes]
):
    before = pids(lasting_trial)
    for address in listening(lasting_trial):
        with socket.create_connection(address, TAKE_S) as stranger, suppress(ConnectionError, TimeoutError):
            stranger.sendall(frame(Harmful(tmp_path / "made")))
            assert not is_acknowledged(stranger)

    work(lasting_trial)
    assert not (tmp_path / "made").exists()
    assert (pids(lasting_trial), health(lasting_trial)) == (before, 200)


def own_port(process: TrialProcess, name: str) -> tuple[str, int]:
    """Where this actor, one without children, listens; it has inherited the sockets of those above it."""
    pid = pids(process)[name]
    (port,) = ports_of(pid).difference(*(ports_of(other.pid) for other in process.processes() if other.pid != pid))
    return port


def connected_to(process: TrialProcess, name: str) -> int:
    """Connections that this actor holds."""
    held = psutil.Process(pids(process)[name]).net_connections("inet")
    return len([connection for connection in held if connection.status == psutil.CONN_ESTABLISHED])


def test_strangers_who_connect_and_say_nothing_are_few_and_disturb_nobody(lasting_trial: TrialProcess):
    usual = connected_to(lasting_trial, "leaf-0")
    port = own_port(lasting_trial, "leaf-0")
    with ExitStack() as strangers:
        for address in listening(lasting_trial):
            for _ in range(20):
                strangers.enter_context(socket.create_connection(address, HEAL_S))
        for _ in range(3 * MOST_INCOMPLETE):
            strangers.enter_context(socket.create_connection(port, HEAL_S))
        work(lasting_trial)
        assert health(lasting_trial) == 200
        assert connected_to(lasting_trial, "leaf-0") <= usual + MOST_INCOMPLETE


@pytest.mark.parametrize("said", [b"", b"x", sealed(None)[: HEADER_BYTES - 1]], ids=["nothing", "an octet", "a header"])
def test_a_stranger_who_does_not_go_on_is_cut_off_at_the_deadline(lasting_trial: TrialProcess, said: bytes):
    with socket.create_connection(own_port(lasting_trial, "leaf-1"), HEAL_S) as stranger:
        stranger.sendall(said)
        stranger.settimeout(HEAL_S)
        assert stranger.recv(1000) == b""

    work(lasting_trial)


def test_thousands_of_scrapes_leave_the_main_process_no_larger(lasting_trial: TrialProcess):
    scrape(lasting_trial, times=100)
    before = private_bytes(lasting_trial)

    scrape(lasting_trial, SCRAPES)

    assert private_bytes(lasting_trial) - before < MIB
