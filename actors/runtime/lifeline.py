"""The kernel ends every process of ours when the one that the user started is gone.

Thespian's admin process detaches (own session, parent 1), so a SIGKILL of the main process would leave the whole
tree running. The main process holds the only write end of a pipe; every process forked from it opens the read end
anew and asks the kernel for a SIGKILL of itself when the writer closes (F_SETSIG on a descriptor of its own). It
needs no thread, no polling, and works for a process that hangs. A parent's death ends its children by
PR_SET_PDEATHSIG: an orphaned session would hold its bind while the new OperatorActor starts another.
Linux only, as the service is.
"""

import ctypes
import fcntl
import os
import signal
from pathlib import Path

F_SETSIG = 10  # linux/fcntl.h; not in Python's fcntl module before 3.13's F_SETSIG on some builds
PR_SET_PDEATHSIG = 1  # linux/prctl.h

_libc = ctypes.CDLL(None, use_errno=True)


class Lifeline:
    """Held by the main process; everything forked after `arm` ends with it."""

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe()
        self._held: int | None = None

    def arm(self) -> None:
        os.register_at_fork(after_in_child=self._hold)

    def _hold(self) -> None:
        if self._held is None:
            os.close(self._write_end)
        else:
            os.close(self._held)
        # A file description of its own: the owner of the signal belongs to the description, not to the process.
        self._held = os.open(f"/proc/self/fd/{self._read_end}", os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self._held, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(self._held, F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(self._held, fcntl.F_SETFL, os.O_NONBLOCK | fcntl.FASYNC)


def die_with_parent() -> None:
    """End this process by SIGKILL when its parent's main thread ends."""
    parent = os.getppid()
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def parent_pid(pid: int) -> int:
    """0 when there is no such process."""
    return int(_stat(pid)[1]) if _stat(pid) else 0


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    fields = _stat(pid)
    return bool(fields) and fields[0] not in ("Z", "X")


def _stat(pid: int) -> list[str]:
    """Fields of /proc/<pid>/stat from the state on (proc(5)); the name before them may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
