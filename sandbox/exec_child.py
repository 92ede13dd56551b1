"""Becomes a server that dies with its launcher; run as a file, as the first thing in a new process.

    python -I -S exec_child.py LAUNCHER_PID DEATH_SIGNAL UID GID COMMAND [ARGUMENT ...]

A program of its own (15 ms), because what `preexec_fn` runs between fork and exec can deadlock in a launcher with
threads. It imports nothing of this project, and enters the account itself, because the account of a server need
not be able to reach the interpreter. Linux only.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LAUNCHER_IS_GONE = 70  # exit code, EX_SOFTWARE of sysexits.h


def become(launcher_pid: int, death_signal: int, uid: int, gid: int, command: list[str]) -> None:
    """Replace this process by `command`; does not return. Raises OSError when one of the steps is refused."""
    _enter_account(uid, gid)
    _die_with_launcher(launcher_pid, death_signal)
    _restore_signals()
    os.execv(command[0], command)


def _enter_account(uid: int, gid: int) -> None:
    if os.geteuid() != uid:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def _die_with_launcher(launcher_pid: int, death_signal: int) -> None:
    """Must come after the change of account, which makes the kernel forget the signal; exec keeps it."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != launcher_pid:  # it died before the line above
        sys.exit(LAUNCHER_IS_GONE)


def _restore_signals() -> None:
    """Python ignores these two, and exec would pass that on."""
    for signum in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(signum, signal.SIG_DFL)


if __name__ == "__main__":
    launcher_pid, death_signal, uid, gid = map(int, sys.argv[1:5])
    become(launcher_pid, death_signal, uid, gid, sys.argv[5:])
