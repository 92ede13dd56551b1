"""`sandbox up` as its user starts and ends it."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import IO

import psycopg
import pytest

from sandbox.process_tree import await_gone, process_tree

END_S = 20.0
LAST_LINE = "# the sandbox runs until Ctrl-C; next: smpp-connector migrate && smpp-connector run\n"


@pytest.fixture
def temp_folder() -> Iterator[Path]:
    """In which nothing must stay; another user must get through, who runs PostgreSQL for root."""
    folder = Path(tempfile.mkdtemp(prefix="up-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def sandbox_up(temp_folder: Path, *flags: str) -> Iterator["subprocess.Popen[str]"]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(temp_folder)}
    command = [sys.executable, "-m", "cli.main", "sandbox", "up", *flags]
    with hang_ups_not_ignored():
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def hang_ups_not_ignored() -> Iterator[None]:
    """As they are where the tests are run under nohup, and would be in every process started there."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def exports(output: IO[str]) -> dict[str, str]:
    """The settings that it prints, as a shell would read them."""
    lines = takewhile(lambda line: line != LAST_LINE, output)
    words = [shlex.split(line.removeprefix("export "))[0] for line in lines]
    return dict(word.split("=", 1) for word in words)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_it_prints_leads_to_running_servers_until_it_is_ended(temp_folder: Path, signum: signal.Signals):
    with sandbox_up(temp_folder) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        settings = exports(process.stdout)
        with psycopg.connect(settings["POSTGRES_DSN"], passfile=settings["PGPASSFILE"]) as session:
            assert session.execute("SELECT 1").fetchall() == [(1,)]
        servers = process_tree(process.pid)[1:]
        process.send_signal(signum)

        assert (process.wait(END_S), process.stderr.read()) == (0, "")
    assert await_gone(servers, END_S)
    assert list(temp_folder.iterdir()) == []


def test_ctrl_c_while_it_starts_leaves_nothing(temp_folder: Path):
    with sandbox_up(temp_folder) as process:
        while not process_tree(process.pid)[1:]:
            assert process.poll() is None
        servers = process_tree(process.pid)[1:]
        process.send_signal(signal.SIGINT)

        assert process.wait(END_S) == 0
    assert await_gone(servers, END_S)
    assert list(temp_folder.iterdir()) == []


def test_what_does_not_start_is_told_without_a_traceback(temp_folder: Path):
    temp_folder.chmod(0o700)  # PostgreSQL's user cannot get through, or nobody where we are no root
    if os.geteuid() != 0:
        pytest.skip("only root gives PostgreSQL to another user")
    with sandbox_up(temp_folder) as process:
        assert process.stderr is not None
        complaint = process.stderr.read()

        assert process.wait(END_S) == 1
    assert complaint.startswith("smpp-connector: the user that runs PostgreSQL for root cannot enter ")
    assert list(temp_folder.iterdir()) == []
