"""The commands around a real service: starting it over what is missing, looking at it, sending through it.

This module has a stack of its own, because it takes servers away.
"""

import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from background_loop import BackgroundLoop
from census import processes_of
from connector_process import ConnectorProcess, Node, nodes_of
from outages import stopped
from platform_side import Platform
from psycopg.conninfo import make_conninfo
from services import Services
from simulated_operator import SimulatedOperator
from waiting import wait_until

from actors.names import session_name
from config.version import version
from sandbox.process import LOOPBACK, reserve_port
from sandbox.process_tree import await_paused, process_tree
from sandbox.stack import Stack

RECOVERY_S = 30.0
STOP_S = 15.0
SESSION = session_name("alpha", endpoint=0, index=0)
OWN_FIELDS = {"actor": str, "name": str, "pid": int, "state": str, "since": str, "restarts": int, "children": list}
TREE = {
    "connector": "Connector",
    "correlation-writer": "CorrelationWriter",
    "dispatch-router": "DispatchRouter",
    "health-publisher": "HealthPublisher",
    "operator@alpha": "OperatorActor",
    "receipt-publisher": "ReceiptPublisher",
    SESSION: "SessionActor",
}
TO_ALPHA = ("--operator", "alpha", "--to", "+491512345678", "--from", "Bank")

Result = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def own_stack() -> Iterator[Stack]:
    with Stack() as running:
        yield running


@pytest.fixture(scope="module")
def own_services(own_stack: Stack) -> Services:
    return Services(own_stack)


@pytest.fixture(scope="module")
def alpha(loop: BackgroundLoop) -> Iterator[SimulatedOperator]:
    with SimulatedOperator(loop, "alpha") as operator:
        yield operator


@pytest.fixture
def unstarted(own_services: Services) -> Iterator[ConnectorProcess]:
    """A service with settings that would do, not started; its group has no operators."""
    with own_services.registered() as group, own_services.prepared(CONNECTOR_GROUP=group) as process:
        yield process


@pytest.fixture(scope="module")
def connector(own_services: Services, alpha: SimulatedOperator) -> Iterator[ConnectorProcess]:
    """A running service, for tests that leave it as it is."""
    with own_services.running(alpha) as process:
        process.first_session("alpha", bound=True)
        yield process


def with_settings(services: Services, command: str, *arguments: str, **settings: str) -> Result:
    """How a command ends with these settings; it may leave no process."""
    with services.prepared(**settings) as process:
        result = process.run_command(command, *arguments)
        assert processes_of(process.runtime_dir) == []
        return result


def complaint(result: Result) -> str:
    """The one line on standard error."""
    (line,) = result.stderr.splitlines()
    return line


def stop_process(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    assert await_paused(process_tree(pid)[:1], STOP_S)


# Starting over what is missing.


def test_run_without_settings_names_all_that_are_missing(own_services: Services):
    names = [f"OPERATOR_MANAGEMENT_{part}" for part in ("URL", "CERT_FILE", "KEY_FILE", "CA_FILE")]
    result = with_settings(own_services, "run", **dict.fromkeys(names, ""))

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [f"smpp-connector: {name}: required, but not set" for name in names]


def test_run_with_bad_settings_names_each_and_shows_no_value(own_services: Services):
    bad = {"HTTP_PORT": "eighty", "REDIS_URL": "http://user:hunter2@redis", "POSTGRES_DSN": "password=hunter2 nonsense"}
    result = with_settings(own_services, "run", **bad)

    assert (result.returncode, result.stdout) == (2, "")
    assert {line.split(": ")[1] for line in result.stderr.splitlines()} == set(bad)
    assert "hunter2" not in result.stderr


def test_run_over_a_schema_that_is_not_migrated_says_so_and_leaves_nothing(own_stack: Stack, own_services: Services):
    with psycopg.connect(
        own_stack.postgres.dsn, passfile=str(own_stack.postgres.passfile), autocommit=True
    ) as connection:
        connection.execute("CREATE DATABASE unmigrated")
    dsn = make_conninfo(own_stack.postgres.dsn, dbname="unmigrated")

    with own_services.prepared(POSTGRES_DSN=dsn) as process:
        result = process.run_command("run")
        assert result.returncode == 2
        assert "smpp-connector migrate" in complaint(result)
        assert {file.name for file in process.runtime_dir.iterdir()} <= {"lock"}
        assert processes_of(process.runtime_dir) == []


def test_run_over_a_port_in_use_names_it(own_services: Services, unstarted: ConnectorProcess):
    assert unstarted.run_command("migrate").returncode == 0
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        result = with_settings(own_services, "run", HTTP_PORT=str(port))

    assert result.returncode == 1
    assert complaint(result).startswith("smpp-connector: HTTP_HOST and HTTP_PORT: ")
    assert str(port) in complaint(result)
    assert complaint(result).endswith("address already in use")


def test_run_over_a_running_service_is_refused(connector: ConnectorProcess):
    result = connector.run_command("run")

    pid = connector.child.pid
    assert (result.returncode, complaint(result)) == (
        2,
        f"smpp-connector: another service (pid {pid}) runs in {connector.runtime_dir}",
    )
    assert connector.is_healthy()


def test_run_waits_for_postgres(own_stack: Stack, own_services: Services, unstarted: ConnectorProcess):
    assert unstarted.run_command("migrate").returncode == 0
    with stopped(own_stack.postgres):
        unstarted.launch()
        wait_until(
            lambda: unstarted.log_file.exists() and unstarted.events("postgres_unavailable"), RECOVERY_S, "a try"
        )
    unstarted.wait_ready()

    wait_until(unstarted.is_healthy, RECOVERY_S, "a healthy service")
    assert unstarted.finish() == 0


def test_run_that_waits_for_postgres_is_alive_and_not_ready(own_stack: Stack, own_services: Services):
    with reserve_port() as reserved:
        port = reserved.getsockname()[1]
        with own_services.prepared(HTTP_PORT=str(port)) as process, stopped(own_stack.postgres):
            process.launch()
            wait_until(
                lambda: process.log_file.exists() and process.events("postgres_unavailable"), RECOVERY_S, "a try"
            )
            assert probe(port, "/healthz") == (200, b"alive\n")
            assert probe(port, "/readyz") == (503, b"waiting for Postgres\n")


def probe(port: int, path: str) -> tuple[int, bytes]:
    """Status and body of the answer."""
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=RECOVERY_S) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_run_that_waits_for_postgres_can_be_stopped(
    own_stack: Stack, unstarted: ConnectorProcess, signum: signal.Signals
):
    with stopped(own_stack.postgres):
        unstarted.launch()
        wait_until(
            lambda: unstarted.log_file.exists() and unstarted.events("postgres_unavailable"), RECOVERY_S, "a try"
        )
        assert unstarted.finish(signum) == 0

    assert unstarted.left_over() == []
    assert {file.name for file in unstarted.runtime_dir.iterdir()} <= {"lock"}


@pytest.mark.parametrize("server", ["nats", "redis", "operator_management"])
def test_run_starts_without_a_server_and_works_when_it_comes(
    own_stack: Stack, own_services: Services, loop: BackgroundLoop, server: str
):
    operator_id = f"without-{server.replace('_', '-')}"
    with ExitStack() as running:
        operator = running.enter_context(SimulatedOperator(loop, operator_id))
        with stopped(getattr(own_stack, server)):
            process = running.enter_context(own_services.running(operator))
        platform = running.enter_context(Platform(loop, own_stack))

        platform.final_event(platform.dispatch(operator_id), RECOVERY_S)
        wait_until(process.is_healthy, RECOVERY_S, "a healthy service")


# Commands against servers that are not there.


def test_check_tells_of_each_server_that_is_not_there(own_services: Services):
    with reserve_port() as silent:
        address = f"{LOOPBACK}:{silent.getsockname()[1]}"
        result = with_settings(
            own_services,
            "check",
            NATS_URL=f"nats://{address}",
            REDIS_URL=f"redis://{address}/0",
            POSTGRES_DSN=f"postgresql://smpp:hunter2@{address}/smpp",
            OPERATOR_MANAGEMENT_URL=f"https://{address}",
        )

    assert (result.returncode, result.stdout) == (2, "ok       settings: valid\n")
    lines = [line.removeprefix("problem  ").partition(": ") for line in result.stderr.splitlines()]
    assert sorted(subject for subject, _, _ in lines) == ["nats", "operator-management-service", "postgres", "redis"]
    assert "hunter2" not in result.stderr


@pytest.mark.parametrize(
    ("command", "setting", "exit_code"),
    [
        (("migrate",), "POSTGRES_DSN", 1),
        (("sweep",), "POSTGRES_DSN", 1),
        (("send", *TO_ALPHA, "Hello"), "NATS_URL", 1),
    ],
)
def test_a_command_whose_server_is_not_there_says_so_in_one_line(
    own_services: Services, command: tuple[str, ...], setting: str, exit_code: int
):
    with reserve_port() as silent:
        scheme = {"POSTGRES_DSN": "postgresql", "NATS_URL": "nats"}[setting]
        url = f"{scheme}://{LOOPBACK}:{silent.getsockname()[1]}"
        result = with_settings(own_services, *command, **{setting: url})

    assert (result.returncode, result.stdout) == (exit_code, "")
    assert complaint(result).startswith("smpp-connector: ")


# Looking at a running service.


def test_dump_shows_the_verdict_and_every_actor(connector: ConnectorProcess):
    result = connector.run_command("dump")

    assert (result.returncode, result.stderr) == (0, "")
    headline, *lines = result.stdout.splitlines()
    assert headline == f"healthy: 1 operator bound, {len(TREE)} actors running"
    assert [name for name in TREE if not any(f"{name}  " in line for line in lines)] == []


def test_dump_as_json_has_the_fields_of_the_contract_in_every_node(connector: ConnectorProcess):
    result = connector.run_command("dump", "--json")
    nodes = nodes_of(json.loads(result.stdout))

    assert {node["name"]: node["actor"] for node in nodes} == TREE
    assert [node["name"] for node in nodes if types_of(node) != OWN_FIELDS] == []
    assert {node["pid"] for node in nodes} <= {process.pid for process in connector.processes()}


def types_of(node: Node) -> dict[str, type]:
    return {name: type(value) for name, value in node.items() if name in OWN_FIELDS}


def test_dump_shows_the_figures_of_operator_and_session(connector: ConnectorProcess, alpha: SimulatedOperator):
    nodes = {node["name"]: node for node in nodes_of(json.loads(connector.run_command("dump", "--json").stdout))}

    assert figures(nodes["operator@alpha"], "health", "sessions_bound", "queue", "window", "window_in_use") == {
        "health": "BOUND",
        "sessions_bound": 1,
        "queue": 0,
        "window": 200,
        "window_in_use": 0,
    }
    address = "{host}:{port}".format(**alpha.config["endpoints"][0])
    assert figures(nodes["operator@alpha"], "endpoint", "address", "failback_in_s", "failovers", "last_error") == {
        "endpoint": "primary",
        "address": address,
        "failback_in_s": None,
        "failovers": 0,
        "last_error": "",
    }
    assert [event["what"] for event in nodes["operator@alpha"]["events"]] == [
        "session 0.0 bound as TRX",
        "BOUND at primary",
    ]
    assert figures(nodes[SESSION], "bound", "mode", "window_in_use", "deliveries_unsettled", "lease", "address") == {
        "bound": True,
        "mode": "TRX",
        "window_in_use": 0,
        "deliveries_unsettled": 0,
        "lease": "no limit",
        "address": address,
    }


def figures(node: Node, *names: str) -> dict[str, Any]:
    return {name: node[name] for name in names}


def test_dump_of_one_operator_shows_its_branch(connector: ConnectorProcess):
    result = connector.run_command("dump", "--json", "--operator", "alpha")

    assert [node["name"] for node in nodes_of(json.loads(result.stdout))] == ["operator@alpha", SESSION]
    assert result.returncode == 0


def test_dump_of_an_operator_that_is_not_there_says_so(connector: ConnectorProcess):
    result = connector.run_command("dump", "--operator", "omega")

    assert (result.returncode, result.stdout) == (2, "")
    assert complaint(result) == "smpp-connector: the service has no operator omega"


def test_dump_without_a_service_says_so(unstarted: ConnectorProcess):
    result = unstarted.run_command("dump")

    assert (result.returncode, result.stdout) == (3, "")
    assert complaint(result) == f"smpp-connector: no service runs in {unstarted.runtime_dir}"


def test_dump_of_a_service_with_a_silent_actor_is_degraded_and_shows_the_rest(connector: ConnectorProcess):
    pid = connector.running_node("correlation-writer")["pid"]
    stop_process(pid)
    try:
        table, as_json = connector.run_command("dump"), connector.run_command("dump", "--json")
    finally:
        os.kill(pid, signal.SIGCONT)

    assert (table.returncode, as_json.returncode) == (1, 1)
    assert table.stdout.splitlines()[0] == "degraded: correlation-writer no answer"
    states = {node["name"]: node["state"] for node in nodes_of(json.loads(as_json.stdout))}
    assert states == {name: "no answer" if name == "correlation-writer" else "running" for name in TREE}
    wait_until(connector.is_healthy, RECOVERY_S, "a healthy service")


def test_dump_shows_a_service_of_which_nothing_answers(connector: ConnectorProcess):
    connector.pause()
    try:
        result = connector.run_command("dump", "--json")
    finally:
        connector.resume()

    assert result.returncode == 1
    states = {node["name"]: node["state"] for node in nodes_of(json.loads(result.stdout))}
    assert states == dict.fromkeys(TREE, "no answer")
    wait_until(connector.is_healthy, RECOVERY_S, "a healthy service")


def test_dump_is_degraded_while_an_operator_is_not_bound(own_services: Services, loop: BackgroundLoop):
    with SimulatedOperator(loop, "closed", listener="closed") as closed, own_services.running(closed) as process:
        wait_until(lambda: process.events("bind_failed"), RECOVERY_S, "a failed bind")
        result = process.run_command("dump")

        assert result.returncode == 1
        headline, reason, *_ = result.stdout.splitlines()
        assert headline == "degraded: 1 of 1 operators down (closed)"
        assert reason.startswith("  closed down for ")


def test_status_is_the_dump(connector: ConnectorProcess):
    status, dump = json.loads(connector.get("/status")), json.loads(connector.run_command("dump", "--json").stdout)

    assert {name: types_of(node) for name, node in by_name(status).items()} == {
        name: types_of(node) for name, node in by_name(dump).items()
    }
    assert [node["pid"] for node in nodes_of(status)] == [node["pid"] for node in nodes_of(dump)]


def by_name(tree: Node) -> dict[str, Node]:
    return {node["name"]: node for node in nodes_of(tree)}


def test_the_stream_of_the_page_tells_how_each_operator_stands(connector: ConnectorProcess):
    with urllib.request.urlopen(f"{connector.http}/events", timeout=RECOVERY_S) as stream:
        data = next(line for line in stream if line.startswith(b"data: "))
    overview = json.loads(data.removeprefix(b"data: "))

    assert figures(overview, "is_healthy", "headline") == {
        "is_healthy": True,
        "headline": f"healthy: 1 operator bound, {len(TREE)} actors running",
    }
    (view,) = overview["operators"]
    assert figures(view, "operator_id", "condition", "reasons", "receipts_waiting", "retry_in_s", "lease") == {
        "operator_id": "alpha",
        "condition": "bound",
        "reasons": [],
        "receipts_waiting": 0,
        "retry_in_s": None,
        "lease": "no limit",
    }
    assert by_name(view["node"]).keys() == {"operator@alpha", SESSION}
    assert {actor["name"] for actor in overview["actors"]} == TREE.keys() - {"operator@alpha", SESSION}


def test_probes_and_build_info_of_a_bound_service(connector: ConnectorProcess):
    assert (connector.get("/healthz"), connector.get("/readyz")) == ("alive\n", "ready\n")
    assert connector.metrics()[f'smpp_build_info{{version="{version()}"}}'] == 1


def test_a_service_whose_operator_is_not_bound_is_alive_and_not_ready(own_services: Services, loop: BackgroundLoop):
    with SimulatedOperator(loop, "deaf", listener="deaf") as deaf, own_services.running(deaf) as process:
        port = process.events("service_started")[-1]["http_port"]
        wait_until(lambda: process.events("bind_failed"), RECOVERY_S, "a failed bind")
        wait_until(lambda: probe(port, "/readyz") == (503, b"no operator is bound\n"), RECOVERY_S, "its reason")

        assert process.get("/healthz") == "alive\n"


def test_a_service_is_not_ready_before_each_operator_was_tried(own_services: Services, loop: BackgroundLoop):
    with SimulatedOperator(loop, "mute", listener="deaf") as mute, own_services.running(mute) as process:
        port = process.events("service_started")[-1]["http_port"]
        reason = b"operators that are being bound: 1\n"
        wait_until(lambda: probe(port, "/readyz") == (503, reason), RECOVERY_S, "its reason")


# Sending through it.


def test_send_goes_all_the_way(
    connector: ConnectorProcess, alpha: SimulatedOperator, loop: BackgroundLoop, own_stack: Stack
):
    result = connector.run_command("send", *TO_ALPHA, "--metadata", "campaign=spring", text="Grüße\n")

    assert (result.returncode, result.stderr) == (0, "")
    (message_id,) = result.stdout.split()
    with Platform(loop, own_stack) as platform:
        event = platform.final_event(message_id)
    assert (event["status"], event["metadata"]) == ("DELIVERED", {"campaign": "spring"})
    assert alpha.submitted_to("+491512345678")[-1].short_message == b"Gr\x7e\x1ee"


def test_send_can_wait_for_what_becomes_of_the_message(connector: ConnectorProcess, alpha: SimulatedOperator):
    result = connector.run_command("send", *TO_ALPHA, "--message-id", "awaited", "--wait", "20", "Hello")

    assert (result.returncode, result.stdout, result.stderr) == (0, "awaited\nDELIVERED\n", "")


def test_send_that_waits_in_vain_says_so(own_stack: Stack, connector: ConnectorProcess):
    to_nobody = ("--operator", "nobody", "--to", "+491512345678", "--from", "Bank", "--message-id", "unheard")
    result = connector.run_command("send", *to_nobody, "--wait", "1", "Hello")

    assert (result.returncode, result.stdout) == (1, "unheard\n")
    assert complaint(result) == (
        "smpp-connector: no final event within 1 s; what cannot be sent at all ends in sms.dead.dispatch"
    )


def test_send_of_more_than_nats_takes_says_how_much_that_is(connector: ConnectorProcess):
    result = connector.run_command("send", *TO_ALPHA, text="x" * 1_100_000)

    assert (result.returncode, result.stdout) == (1, "")
    assert complaint(result) == "smpp-connector: not sent: it is larger than the 1048576 bytes that NATS takes"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--operator", "alpha", "--wait", "for ever", "Hello"), "--wait: expected seconds, 1 to 3600"),
        (("--operator", "alpha", "--to", "nobody", "--from", "Bank", "Hello"), "--to: "),
        (("--operator", "al pha", "--to", "+4915", "--from", "Bank", "Hello"), "--operator: "),
        (("--operator", "alpha", "Hello"), "the following arguments are required: --to, --from"),
    ],
)
def test_send_of_a_bad_message_says_what_was_expected(
    connector: ConnectorProcess, arguments: tuple[str, ...], problem: str
):
    result = connector.run_command("send", *arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert problem in complaint(result)
