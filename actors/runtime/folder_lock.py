"""The lock of RUNTIME_DIR: every process of a service inherits it, so it is free only when all have ended."""

import fcntl
import os
from pathlib import Path

LOCK = "lock"


def is_held(lock: Path) -> bool:
    """Whether a service lives there. Takes the lock itself for a moment, which a service that starts waits for."""
    try:
        file = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(file)
