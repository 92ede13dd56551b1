"""A process and its descendants, read from /proc (Linux)."""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

POLL_S = 0.002


def process_tree(pid: int) -> list[int]:
    """`pid` and its descendants, parents first; those of a process that is gone are its new parent's."""
    children = [int(child) for tasks in Path(f"/proc/{pid}/task").glob("*/children") for child in _words(tasks)]
    return [pid, *(descendant for child in children for descendant in process_tree(child))]


def signal_all(pids: Iterable[int], signum: signal.Signals) -> None:
    """Send `signum` to each that is still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signum)


def await_gone(pids: Iterable[int], timeout_s: float) -> bool:
    """Wait until none of `pids` runs any more; False when one still does after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while any(map(is_running, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def is_running(pid: int) -> bool:
    """False for a process that is gone, and for a zombie, whose parent has merely not asked yet."""
    stat = " ".join(_words(Path(f"/proc/{pid}/stat")))
    return bool(stat) and stat.rpartition(")")[2].split()[0] not in "ZX"  # proc(5): state follows "(comm)"


def _words(file: Path) -> list[str]:
    """Empty when the process has gone meanwhile."""
    try:
        return file.read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
