"""The simulator as a process of its own."""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

import sandbox.smsc
from sandbox.smsc.command import add_arguments, execute

DEADLINE_S = 10.0
ROOT = Path(sandbox.smsc.__file__).parents[2]
RUN = """
import argparse, sys
from sandbox.smsc.command import add_arguments, execute
parser = argparse.ArgumentParser("smsc")
add_arguments(parser)
sys.exit(execute(parser.parse_args()))
"""
BIND_TRANSCEIVER = bytes.fromhex("00000021 00000009 00000000 00000001") + b"esme\0secret\0\0\x34\0\0\0"


class SmscProcess:
    """The command, ended with the test at the latest."""

    def __init__(self, *flags: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, "--port", "0", *flags], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline() or b"{}")

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.ready["smsc"].rpartition(":")
        return host, int(port)

    def post(self, path: str, body: object) -> Any:
        """What the control answers."""
        control = urlsplit(self.ready["control"])
        connection = HTTPConnection(control.hostname or "", control.port, timeout=DEADLINE_S)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def end(self, signal_number: signal.Signals) -> tuple[int, str, str]:
        """Exit code, standard output behind the first line, and standard error."""
        self.process.send_signal(signal_number)
        out, err = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, out.decode(), err.decode()


@pytest.fixture
def smsc() -> Iterator[SmscProcess]:
    with ExitStack() as stack:
        smsc = SmscProcess("--report")
        stack.callback(smsc.end, signal.SIGKILL)
        yield smsc


def run(*flags: str) -> int:
    """Exit code of the command in this process."""
    parser = argparse.ArgumentParser("smsc")
    add_arguments(parser)
    return execute(parser.parse_args(flags))


def terminate_once_handled() -> None:
    """SIGTERM to this process as soon as the command listens to it."""
    deadline = time.monotonic() + DEADLINE_S
    while signal.getsignal(signal.SIGTERM) is signal.SIG_DFL and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_with_its_report(signal_number: signal.Signals) -> None:
    exit_code, out, err = SmscProcess("--report").end(signal_number)
    assert (exit_code, err) == (0, "")
    assert json.loads(out)["submits"]["received"] == 0


def test_without_report_it_tells_where_it_listens_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    killer = Thread(target=terminate_once_handled)
    killer.start()
    assert run("--port", "0") == 0
    killer.join(DEADLINE_S)
    out, err = capsys.readouterr()
    assert (set(json.loads(out)), err) == ({"smsc", "control"}, "")


def test_an_esme_can_bind_to_the_port_it_tells_and_be_broken_off(smsc: SmscProcess) -> None:
    with socket.create_connection(smsc.address, DEADLINE_S) as esme:
        esme.sendall(BIND_TRANSCEIVER)
        assert esme.recv(1000)[4:16].hex() == "800000090000000000000001"
        assert smsc.post("/act", {"act": "reset"}) == {"done": 1}
        with pytest.raises(ConnectionResetError):
            esme.recv(1000)


def test_wrong_flags_end_it_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--silent", "maybe", "--tps-limit", "many") == 2
    problems = "silent: must be true or false; tps_limit: must be a whole number"
    assert capsys.readouterr().err == f"sandbox smsc: {problems}\n"


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--tls-cert", "missing.pem"], "--tls-cert and --tls-key: both are needed"),
        (["--tls-cert", "/missing.pem", "--tls-key", "/missing.key"], "[Errno 2] No such file or directory"),
        (["--record", "/missing/file"], "[Errno 2] No such file or directory: '/missing/file'"),
    ],
)
def test_files_that_cannot_be_used_are_bad_settings(
    flags: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*flags) == 2
    assert capsys.readouterr().err == f"sandbox smsc: {problem}\n"


def test_an_impossible_port_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("--port", "65536")
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith("argument --port: must be in 0..65535\n")


def test_a_port_that_is_taken_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run("--port", str(taken.getsockname()[1])) == 1
    assert "address already in use" in capsys.readouterr().err
