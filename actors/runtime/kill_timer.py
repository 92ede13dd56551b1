"""The kernel ends this process at a moment that is put off again and again, as by a dead man's switch.

A timer of the event loop does not do: a process that stands still (SIGSTOP, a frozen container) runs none, while the
kernel keeps its connections open for it. Linux only, as the service is.
"""

import ctypes
import os
import signal
import time

SIGEV_SIGNAL = 0  # asm-generic/siginfo.h
LEAST_S = 1e-6  # 0 would disarm

_libc = ctypes.CDLL(None, use_errno=True)


class _SigEvent(ctypes.Structure):
    """sigevent(3type), padded to the 64 octets that the kernel reads."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signo", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("padding", ctypes.c_byte * 48),
    )


class _TimerSpec(ctypes.Structure):
    """struct itimerspec of timer_settime(2): no interval, so that it rings once."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class KillTimer:
    """SIGKILL for this process, also for one that is stopped, unless it is set anew or disarmed before.

    A child that is forked has none. It counts on while the machine sleeps (CLOCK_BOOTTIME).
    """

    def __init__(self) -> None:
        self._timer: ctypes.c_void_p | None = None

    def set(self, in_s: float) -> None:
        """In so many seconds from now, and no longer at the moment set before; at once where they are negative."""
        self._settle(max(in_s, LEAST_S))

    def disarm(self) -> None:
        if self._timer is not None:
            self._settle(0)

    def _settle(self, in_s: float) -> None:
        if self._timer is None:
            self._timer = _make_timer()
        whole_s = int(in_s)
        spec = _TimerSpec(0, 0, whole_s, int((in_s - whole_s) * 1e9))
        _checked(_libc.timer_settime(self._timer, 0, ctypes.byref(spec), None))


def _make_timer() -> ctypes.c_void_p:
    timer = ctypes.c_void_p()
    event = _SigEvent(None, signal.SIGKILL, SIGEV_SIGNAL)
    _checked(_libc.timer_create(time.CLOCK_BOOTTIME, ctypes.byref(event), ctypes.byref(timer)))
    return timer


def _checked(result: int) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
