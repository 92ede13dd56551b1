"""A process that the kernel ends when it has not put that off in time."""

import signal
import subprocess
import sys
import time

import pytest

SET_S = 0.5
LATEST_S = 20.0  # a machine under load

STANDS_STILL = """
import os, signal, sys
from actors.runtime.kill_timer import KillTimer

KillTimer().set(float(sys.argv[1]))
os.kill(os.getpid(), signal.SIGSTOP)
"""

PUTS_IT_OFF = """
import sys, time
from actors.runtime.kill_timer import KillTimer

timer = KillTimer()
timer.set(float(sys.argv[1]))
timer.set(60.0)
time.sleep(2 * float(sys.argv[1]))
"""

DISARMS_IT = """
import sys, time
from actors.runtime.kill_timer import KillTimer

timer = KillTimer()
timer.set(float(sys.argv[1]))
timer.disarm()
time.sleep(2 * float(sys.argv[1]))
"""


def run(program: str, set_s: float = SET_S) -> int:
    """Its exit code; negative is the signal that ended it."""
    command = [sys.executable, "-c", program, str(set_s)]
    return subprocess.run(command, timeout=LATEST_S, check=False).returncode


def test_a_process_that_stands_still_is_ended_when_its_time_has_come() -> None:
    since = time.monotonic()
    assert run(STANDS_STILL) == -signal.SIGKILL
    assert time.monotonic() - since >= SET_S


@pytest.mark.parametrize("late_s", [0.0, -3.0])
def test_a_time_that_is_past_has_come(late_s: float) -> None:
    assert run(STANDS_STILL, late_s) == -signal.SIGKILL


def test_a_process_that_puts_its_end_off_lives() -> None:
    assert run(PUTS_IT_OFF) == 0


def test_a_process_that_disarms_its_timer_lives() -> None:
    assert run(DISARMS_IT) == 0
