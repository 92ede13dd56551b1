"""A process and its descendants, read from /proc (Linux)."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

POLL_S = 0.002


class Process(NamedTuple):
    """A process for good: the kernel gives a pid to another one, but not with the same start."""

    pid: int
    started: str  # clock ticks since boot

    @property
    def is_running(self) -> bool:
        """False when it is gone, and for a zombie, whose parent has merely not asked yet."""
        return self._state() not in ("", "Z", "X")

    @property
    def is_paused(self) -> bool:
        """True between SIGSTOP and SIGCONT."""
        return self._state() == "T"

    def _state(self) -> str:
        state, started = _state_and_start(self.pid)
        return state if started == self.started else ""


def process_tree(pid: int) -> list[Process]:
    """`pid` and its descendants, parents first; empty when it is gone."""
    _, started = _state_and_start(pid)
    if not started:
        return []
    children = " ".join(_read(thread) for thread in Path(f"/proc/{pid}/task").glob("*/children")).split()
    return [Process(pid, started), *(descendant for child in children for descendant in process_tree(int(child)))]


def signal_all(processes: Iterable[Process], signum: signal.Signals) -> None:
    """Send `signum` to each that still runs."""
    for process in processes:
        with suppress(ProcessLookupError):
            if process.is_running:
                os.kill(process.pid, signum)


def await_gone(processes: Sequence[Process], timeout_s: float) -> bool:
    """Wait until none runs any more; False when one still does after `timeout_s`."""
    return _await(lambda: not any(process.is_running for process in processes), timeout_s)


def await_paused(processes: Sequence[Process], timeout_s: float) -> bool:
    """Wait until each is paused or gone; False when one still goes on after `timeout_s`."""
    return _await(lambda: all(process.is_paused or not process.is_running for process in processes), timeout_s)


def _await(condition: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def _state_and_start(pid: int) -> tuple[str, str]:
    """Fields 3 and 22 of proc_pid_stat(5), which count from the "(name)", where anything can stand; empty when gone."""
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return (fields[0], fields[19]) if fields else ("", "")


def _read(file: Path) -> str:
    """Empty when the process has gone meanwhile."""
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
