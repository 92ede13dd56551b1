"""One run of a program as a child process that dies with its launcher and writes to a log file.

Whatever way the launcher ends, SIGKILL included, the kernel ends the child (exec_child.py). The child leads a process
group of its own, so that Ctrl-C in a terminal reaches the launcher alone, which then stops its servers in its order.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.account import Account
from sandbox.private_files import private_opener
from sandbox.process_tree import Process, await_gone, await_paused, process_tree, signal_all

SIGNAL_TIMEOUT_S = 10.0  # for SIGKILL and SIGSTOP, which nobody can refuse
POLL_S = 0.005
LOG_TAIL_LINES = 12

_EXEC_CHILD = str(Path(__file__).with_name("exec_child.py"))


class ServerError(Exception):
    """A server did not start, or ended; the message closes with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a child finds around it: working directory, log, account, its whole environment, and its last signal."""

    directory: Path
    log_file: Path
    account: Account
    environment: Mapping[str, str]
    death_signal: signal.Signals  # sent by the kernel when the launcher has died


class Child:
    """A running `command`; raises ServerError outside the main thread.

    The kernel takes the end of the thread that made the child for the death of the launcher, so a child made in a
    worker thread would be killed as soon as that thread is done.
    """

    def __init__(self, command: Sequence[str | Path], surroundings: Surroundings) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise ServerError("servers are started from the main thread: they die with the thread that starts them")
        self._name = Path(command[0]).name
        self._log_file = surroundings.log_file
        with open(self._log_file, "ab", opener=private_opener) as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                [*_prefix(surroundings), *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=surroundings.directory,
                env=dict(surroundings.environment),
                process_group=0,
            )
        self.pid = self._process.pid
        self._ending: list[Process] = []

    @property
    def running(self) -> bool:
        """False once it has ended."""
        return self._process.poll() is None

    def send(self, signum: signal.Signals) -> None:
        """Send `signum` to the process alone; nothing when it has ended."""
        self._process.send_signal(signum)

    def pause(self) -> None:
        """SIGSTOP to the process and its descendants; returns when all of them stand still."""
        _pause(process_tree(self.pid)[:1])  # first, so that it makes no more children
        _pause(process_tree(self.pid))

    def resume(self) -> None:
        """SIGCONT: the end of `pause`."""
        signal_all(process_tree(self.pid), signal.SIGCONT)

    def wait(self, timeout_s: float) -> int | None:
        """Exit code (negative: the signal that ended it), or None when it still runs after `timeout_s`."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def request_end(self, signum: signal.Signals) -> None:
        """Ask it to end with `signum`, once, without waiting; a paused one is resumed, or it would not hear."""
        if self.running and not self._ending:
            self._ending = process_tree(self.pid)
            self.send(signum)
            signal_all(self._ending, signal.SIGCONT)

    def end(self, signum: signal.Signals, timeout_s: float) -> None:
        """Ask it to end with `signum`; returns when its descendants are gone too, killed after `timeout_s`."""
        self.request_end(signum)
        if not await_gone(self._ending, timeout_s):
            signal_all(self._ending, signal.SIGKILL)
        self._process.wait(SIGNAL_TIMEOUT_S)

    def kill(self) -> None:
        """SIGKILL to it and its descendants at once, as when a machine dies; returns when they are gone."""
        if self.running:
            tree = process_tree(self.pid)
            signal_all(tree, signal.SIGKILL)
            self._process.wait(SIGNAL_TIMEOUT_S)
            await_gone(tree, SIGNAL_TIMEOUT_S)

    def await_log(self, line: str, timeout_s: float, start: int = 0) -> None:
        """Wait for `line` in what it wrote since `start` (a `log_size`); ServerError when it ends or time is up."""
        deadline = time.monotonic() + timeout_s
        while line not in self._log()[start:]:
            if not self.running and line not in self._log()[start:]:
                raise ServerError(self.complaint(f"ended with exit code {self._process.returncode}"))
            if time.monotonic() > deadline:
                raise ServerError(self.complaint(f"did not get to '{line}' within {timeout_s:g} s"))
            time.sleep(POLL_S)

    def complaint(self, what: str) -> str:
        """`what` about this child, and the last lines of its log."""
        tail = "\n  ".join(self._log().splitlines()[-LOG_TAIL_LINES:])
        return f"{self._name} {what}; the end of its log:\n  {tail}"

    def log_size(self) -> int:
        """Characters written so far by this run."""
        return len(self._log())

    def _log(self) -> str:
        return self._log_file.read_bytes()[self._log_start :].decode(errors="replace")


def _pause(processes: Sequence[Process]) -> None:
    signal_all(processes, signal.SIGSTOP)
    await_paused(processes, SIGNAL_TIMEOUT_S)


def _prefix(surroundings: Surroundings) -> list[str]:
    account = surroundings.account
    numbers = (os.getpid(), surroundings.death_signal, account.uid, account.gid)
    return [sys.executable, "-I", "-S", _EXEC_CHILD, *(str(int(number)) for number in numbers)]
