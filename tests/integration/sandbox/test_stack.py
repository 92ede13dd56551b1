"""The whole stack: what it gives the connector, and that it is gone when it ends, in whatever way."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.account import unprivileged_account
from sandbox.child import ServerError
from sandbox.operator_data import Credentials
from sandbox.private_directory import PrivateDirectory
from sandbox.process_tree import Process, await_gone, process_tree
from sandbox.redis import RedisServer
from sandbox.stack import Stack

START_TIMEOUT_S = 10.0
GONE_TIMEOUT_S = 10.0
SERVERS = ("nats", "redis", "postgres", "operator_management")
ENVIRONMENT = {
    "NATS_URL",
    "NATS_NKEY_SEED_FILE",
    "REDIS_URL",
    "POSTGRES_DSN",
    "PGPASSFILE",
    "OPERATOR_MANAGEMENT_URL",
    "OPERATOR_MANAGEMENT_CERT_FILE",
    "OPERATOR_MANAGEMENT_KEY_FILE",
    "OPERATOR_MANAGEMENT_CA_FILE",
}
OUTSIDE = {
    "nats_url": "nats://nats.example:4222",
    "redis_url": "rediss://redis.example/0",
    "postgres_dsn": "postgresql://db.example/smpp",
}
HOLD_A_STACK = """
import signal
from sandbox.stack import Stack
print("starting", flush=True)
with Stack():
    try:
        print("up", flush=True)
        signal.pause()
    finally:
        print("ending", flush=True)
"""
PAUSE_A_SERVER = """
import signal, tempfile
from pathlib import Path
from sandbox.redis import RedisServer
print("starting", flush=True)
with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as server:
    server.pause()
    print("up", flush=True)
    signal.pause()
"""
FORGET_TO_CLOSE = """
from sandbox.stack import Stack
print("starting", flush=True)
Stack(postgres_dsn="postgresql://db.example/smpp").__enter__()
print("up", flush=True)
"""
MAKE_A_DIRECTORY = """
import signal
from sandbox.private_directory import PrivateDirectory
print("starting", flush=True)
directory = PrivateDirectory()
(directory.path / "file").touch()
print("up", flush=True)
signal.pause()
"""


@pytest.fixture
def temp_folder() -> Iterator[Path]:
    """For a launcher alone; not tmp_path, which the account of root's PostgreSQL cannot enter."""
    with tempfile.TemporaryDirectory() as name:
        unprivileged_account().let_through(Path(name))
        yield Path(name)


@contextmanager
def launcher(temp_folder: Path, script: str = HOLD_A_STACK) -> Iterator[subprocess.Popen[str]]:
    """Another process that makes its folder below `temp_folder`, at the moment when it begins."""
    environment = {"TMPDIR": str(temp_folder), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", script]
    out, err = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=out, stderr=err, text=True) as process:
        try:
            await_line(process, "starting")
            yield process
        finally:
            process.kill()


def await_line(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == f"{line}\n"


def await_server(process: subprocess.Popen[str]) -> list[Process]:
    """Wait for the first of its servers; returns those there are."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not (servers := process_tree(process.pid)[1:]):
        assert time.monotonic() < deadline
    return servers


def still_running(servers: list[Process]) -> list[Process]:
    return [server for server in servers if server.is_running]


def loose(path: Path) -> bool:
    """True when others than its owner can do more with it than pass through."""
    return bool(path.stat().st_mode & (0o067 if path.is_dir() else 0o077))


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


def test_the_environment_names_all_the_connector_needs(stack: Stack) -> None:
    assert stack.environment.keys() == ENVIRONMENT


def test_the_files_the_environment_names_are_there(stack: Stack) -> None:
    files = {name: path for name, path in stack.environment.items() if name.endswith("FILE")}
    assert [name for name, path in files.items() if not Path(path).is_file()] == []


def test_everything_in_the_directory_is_for_its_owner_only(stack: Stack) -> None:
    assert [path for path in (stack.directory, *stack.directory.rglob("*")) if loose(path)] == []


def test_no_password_stands_in_the_environment_or_on_a_command_line(stack: Stack) -> None:
    password = stack.postgres.passfile.read_text().strip().rpartition(":")[2]
    lines = [Path(f"/proc/{process.pid}/cmdline").read_text() for process in process_tree(os.getpid())]
    assert password not in " ".join([*lines, *stack.environment.values()])


def test_operators_are_written_into_the_default_group(stack: Stack) -> None:
    config = {"operator_id": "alpha", "endpoints": []}
    stack.write_operators({"alpha": config}, {"alpha": Credentials(system_id="a", password="b", version=1)})
    assert json.loads((stack.operator_management.directory / "operators.json").read_text()) == {
        "groups": {"default": ["alpha"]},
        "operators": {"alpha": config},
        "credentials": {"alpha": {"system_id": "a", "password": "b", "version": 1}},
    }


def test_servers_from_outside_are_not_started() -> None:
    with Stack(**OUTSIDE) as stack:
        started = [name for name in SERVERS if hasattr(stack, name)]
        told = [stack.environment[name] for name in ("NATS_URL", "REDIS_URL", "POSTGRES_DSN")]
    assert (started, told) == (["operator_management"], list(OUTSIDE.values()))


def test_the_end_of_the_with_block_leaves_nothing() -> None:
    others = process_tree(os.getpid())
    with Stack(postgres_dsn=OUTSIDE["postgres_dsn"]) as stack:
        pass
    assert (process_tree(os.getpid()), stack.directory.exists()) == (others, False)


def test_a_server_that_fails_to_start_leaves_nothing_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RedisServer, "command", lambda server: ["/bin/false"])
    others = process_tree(os.getpid())
    stack = Stack(postgres_dsn=OUTSIDE["postgres_dsn"])
    with pytest.raises(ServerError, match="false ended with exit code 1"), stack:
        pytest.fail("the stack says it is up")
    assert (process_tree(os.getpid()), stack.directory.exists()) == (others, False)


def test_ctrl_c_while_starting_leaves_nothing(temp_folder: Path) -> None:
    with launcher(temp_folder) as process:
        servers = await_server(process)
        process.send_signal(signal.SIGINT)
        process.wait(GONE_TIMEOUT_S)
    assert (still_running(servers), list(temp_folder.iterdir())) == ([], [])


def test_ctrl_c_and_another_one_while_stopping_leave_nothing(temp_folder: Path) -> None:
    with launcher(temp_folder) as process:
        await_line(process, "up")
        servers = process_tree(process.pid)[1:]
        process.send_signal(signal.SIGINT)
        await_line(process, "ending")
        process.send_signal(signal.SIGINT)
        process.wait(GONE_TIMEOUT_S)
    assert (still_running(servers), list(temp_folder.iterdir())) == ([], [])


def test_a_launcher_that_ends_without_closing_leaves_nothing(temp_folder: Path) -> None:
    """So it is also after a Ctrl-C that comes when closing has just begun."""
    with launcher(temp_folder, FORGET_TO_CLOSE) as process:
        await_line(process, "up")
        process.wait(GONE_TIMEOUT_S)
    assert list(temp_folder.iterdir()) == []


def test_a_fork_of_the_launcher_cannot_close_the_stack(stack: Stack) -> None:
    if (fork := os.fork()) == 0:
        stack.close()
        os._exit(0)
    os.waitpid(fork, 0)
    assert stack.redis.running
    assert stack.directory.exists()


def test_the_kernel_ends_every_server_of_a_killed_launcher(temp_folder: Path) -> None:
    with launcher(temp_folder) as process:
        await_line(process, "up")
        servers = process_tree(process.pid)[1:]
        process.kill()
    assert len(servers) > len(SERVERS)  # with the children of PostgreSQL
    assert await_gone(servers, GONE_TIMEOUT_S)


def test_the_kernel_ends_a_paused_server_of_a_killed_launcher(temp_folder: Path) -> None:
    with launcher(temp_folder, PAUSE_A_SERVER) as process:
        await_line(process, "up")
        servers = process_tree(process.pid)[1:]
        process.kill()
    assert len(servers) == 1
    assert await_gone(servers, GONE_TIMEOUT_S)


def test_the_directory_of_a_killed_launcher_goes_with_the_next_start(
    temp_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temp_folder))
    with launcher(temp_folder, MAKE_A_DIRECTORY) as process:
        await_line(process, "up")
        process.kill()
    before = list(temp_folder.iterdir())
    PrivateDirectory().remove()
    assert (len(before), list(temp_folder.iterdir())) == (1, [])


def test_the_directory_of_a_launcher_that_lives_is_left_alone(stack: Stack) -> None:
    PrivateDirectory().remove()
    assert stack.directory.exists()
