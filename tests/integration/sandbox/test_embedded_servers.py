"""Each embedded server on its own: who gets in, and what stop, kill, pause and start do to it."""

import asyncio
import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import nats
import psycopg
import pytest
import redis
from nats.aio.client import Client

from sandbox.account import Account, own_account, unprivileged_account
from sandbox.child import ServerError
from sandbox.nats import NatsServer, Permissions
from sandbox.postgres import PostgresServer, reachable_programs
from sandbox.process import LOOPBACK, ServerProcess
from sandbox.process_tree import await_paused, process_tree
from sandbox.redis import RedisServer

NATS_TIMEOUT_S = 5
Errors = asyncio.Queue[Exception]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Not tmp_path: root's PostgreSQL runs under another uid, which cannot enter pytest's folders."""
    with tempfile.TemporaryDirectory() as name:
        unprivileged_account().let_through(Path(name))
        yield Path(name)


@pytest.fixture(scope="module")
def nats_server(folder: Path) -> Iterator[NatsServer]:
    with NatsServer(folder / "nats", monitoring=True) as server:
        yield server


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Iterator[PostgresServer]:
    with PostgresServer(folder / "postgres") as server:
        yield server


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


def talk(server: NatsServer, seed_file: Path, conversation: Callable[[Client, Errors], Awaitable[object]]) -> object:
    async def main() -> object:
        errors: Errors = asyncio.Queue()
        client = await nats.connect(server.url, nkeys_seed=str(seed_file), allow_reconnect=False, error_cb=errors.put)
        try:
            return await asyncio.wait_for(conversation(client, errors), NATS_TIMEOUT_S)
        finally:
            await client.close()

    return asyncio.run(main())


def query(server: PostgresServer, statement: str, password: str | None = None) -> list[tuple[object, ...]]:
    with psycopg.connect(server.dsn, passfile=str(server.passfile), password=password, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def environment_of(pid: int) -> list[str]:
    """Redis writes its title over its own; the others leave it as it came."""
    return Path(f"/proc/{pid}/environ").read_text().strip("\0").split("\0")


def first_word_of_version(program: Path) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10).stdout
    return said.partition(" ")[0]


def accepts_connections(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((LOOPBACK, port)) == 0


def test_the_connector_uses_jetstream_with_its_seed(nats_server: NatsServer) -> None:
    async def conversation(client: Client, errors: Errors) -> object:
        jetstream = client.jetstream()
        await jetstream.add_stream(name="SEEDED", subjects=["seeded"])
        return (await jetstream.publish("seeded", b"hello")).seq

    assert talk(nats_server, nats_server.seed_file, conversation) == 1


def test_nats_refuses_a_client_without_a_seed(nats_server: NatsServer) -> None:
    """By hand, because nats-py leaves its socket open when it is refused."""
    with socket.create_connection((LOOPBACK, nats_server.port), NATS_TIMEOUT_S) as client, client.makefile() as lines:
        client.sendall(b"CONNECT {}\r\nPING\r\n")
        answers = [lines.readline().partition(" ") for _ in range(2)]
    assert [(kind, text) for kind, _, text in answers if kind != "INFO"] == [("-ERR", "'Authorization Violation'\n")]


def test_a_user_added_while_nats_runs_may_do_what_its_permissions_say(nats_server: NatsServer) -> None:
    seed_file = nats_server.add_user("publisher", Permissions(publish=("allowed",), subscribe=()))

    async def conversation(client: Client, errors: Errors) -> object:
        await client.publish("allowed", b"")
        await client.publish("forbidden", b"")
        return str(await errors.get()).lower()

    assert talk(nats_server, seed_file, conversation) == 'nats: permissions violation for publish to "forbidden"'


def test_nats_monitoring_is_there_when_asked_for(nats_server: NatsServer) -> None:
    assert nats_server.monitoring_url is not None
    assert accepts_connections(int(nats_server.monitoring_url.rpartition(":")[2]))


def test_nats_keeps_port_and_messages_over_a_restart(nats_server: NatsServer) -> None:
    async def publish(client: Client, errors: Errors) -> object:
        await client.jetstream().add_stream(name="KEPT", subjects=["kept"])
        return await client.jetstream().publish("kept", b"before")

    async def read(client: Client, errors: Errors) -> object:
        return (await client.jetstream().get_msg("KEPT", seq=1)).data

    talk(nats_server, nats_server.seed_file, publish)
    url = nats_server.url
    nats_server.stop()
    nats_server.start()
    assert nats_server.url == url
    assert talk(nats_server, nats_server.seed_file, read) == b"before"


def test_postgres_lets_the_connector_in_with_the_password_of_the_passfile(postgres: PostgresServer) -> None:
    assert query(postgres, "SELECT current_user::text, current_database()::text") == [("smpp", "smpp")]


def test_postgres_refuses_another_password(postgres: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        query(postgres, "SELECT 1", password="wrong")


def test_the_connectors_role_owns_its_database_and_is_no_superuser(postgres: PostgresServer) -> None:
    owner = query(postgres, "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = 'smpp'")
    superuser = query(postgres, "SELECT rolsuper FROM pg_roles WHERE rolname = 'smpp'")
    assert (owner, superuser) == ([("smpp",)], [(False,)])


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit"])
def test_postgres_commits_as_in_production(postgres: PostgresServer, setting: str) -> None:
    assert query(postgres, f"SHOW {setting}") == [("on",)]


def test_postgres_keeps_what_was_committed_over_a_kill(postgres: PostgresServer) -> None:
    query(postgres, "CREATE TABLE committed AS SELECT 1 AS row")
    postgres.kill()
    postgres.start()
    assert query(postgres, "SELECT row FROM committed") == [(1,)]


def test_a_paused_postgres_does_not_answer_until_it_is_resumed(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.dsn, passfile=str(postgres.passfile), autocommit=True) as connection:
        postgres.pause()
        all_paused = await_paused(process_tree(postgres.child.pid), 0.0)
        postgres.resume()
        assert all_paused
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_postgres_is_copied_where_its_account_cannot_reach_the_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Account, "reaches", lambda account, path: False)
    copy = reachable_programs(own_account(), tmp_path)
    assert copy.is_relative_to(tmp_path)
    assert [first_word_of_version(copy / program) for program in ("initdb", "postgres")] == ["initdb", "postgres"]


def test_a_folder_that_the_account_of_postgres_cannot_enter_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Account, "reaches", lambda account, path: False)
    server = PostgresServer(tmp_path / "postgres")
    with pytest.raises(ServerError, match=f"cannot enter {tmp_path}/postgres: set TMPDIR"):
        server.start()
    server.close()


def test_redis_answers_and_keeps_nothing_on_disk(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("key", "value")
        settings = client.config_get("save"), client.config_get("appendonly")
    assert settings == ({"save": ""}, {"appendonly": "no"})


def test_a_paused_redis_times_its_clients_out_and_can_be_stopped(redis_server: RedisServer) -> None:
    redis_server.pause()
    with redis.Redis.from_url(redis_server.url, socket_timeout=0.05) as client, pytest.raises(redis.TimeoutError):
        client.ping()
    redis_server.stop()
    assert not redis_server.running


def test_a_stopped_server_refuses_connections_and_nobody_gets_its_port(redis_server: RedisServer) -> None:
    redis_server.stop()
    assert not accepts_connections(redis_server.port)
    with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
        other.bind((LOOPBACK, redis_server.port))


def test_a_server_listens_on_loopback_only(redis_server: RedisServer, nats_server: NatsServer) -> None:
    table = Path("/proc/net/tcp").read_text().splitlines()[1:] + Path("/proc/net/tcp6").read_text().splitlines()[1:]
    listening = {line.split()[1] for line in table if line.split()[3] == "0A"}
    ports = {f"{redis_server.port:04X}", f"{nats_server.port:04X}"}
    assert {address for address in listening if address[-4:] in ports} == {f"0100007F:{port}" for port in ports}


def test_ctrl_c_in_the_terminal_does_not_reach_a_server(redis_server: RedisServer) -> None:
    assert os.getpgid(redis_server.child.pid) == redis_server.child.pid


def test_a_server_sees_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", "of ours")
    with NatsServer(tmp_path / "nats") as server:
        names = {entry.partition("=")[0] for entry in environment_of(server.child.pid)}
    assert names == {"PATH", "LC_ALL", "TZ"}


def test_a_server_that_cannot_start_says_why_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = RedisServer(tmp_path / "redis")
    command = [*server.command(), "--no-such-setting", "1"]
    monkeypatch.setattr(server, "command", lambda: command)
    with pytest.raises(
        ServerError, match=r"redis-server ended with exit code 1; the end of its log:\n(.*\n)*.*no-such"
    ):
        server.start()
    server.close()


def test_a_server_that_does_not_get_ready_in_time_is_reported_and_ended(tmp_path: Path) -> None:
    class Sleeper(ServerProcess):
        name = "sleeper"
        ready_line = "never said"

        def command(self) -> list[str]:
            return ["/bin/sleep", "60"]

        def wait_ready(self, timeout_s: float = 0.05) -> None:
            super().wait_ready(timeout_s)

    server = Sleeper(tmp_path / "sleeper")
    with pytest.raises(ServerError, match=r"sleep did not get to 'never said' within 0\.05 s"):
        server.start()
    assert not server.running
    server.close()


def test_a_server_that_ignores_the_stop_signal_is_killed(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_server, "stop_signal", signal.SIGCONT)
    redis_server.stop(timeout_s=0.05)
    assert not redis_server.running


def test_servers_are_started_from_the_main_thread_only(tmp_path: Path) -> None:
    refused: list[ServerError] = []

    def start() -> None:
        try:
            server.start()
        except ServerError as error:
            refused.append(error)

    server = RedisServer(tmp_path / "redis")
    thread = threading.Thread(target=start)
    thread.start()
    thread.join(timeout=10)
    server.close()
    assert len(refused) == 1
