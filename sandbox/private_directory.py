"""A folder for one launcher, removed with everything in it."""

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

PREFIX = "smpp-sandbox-"
REMOVE_TIMEOUT_S = 5.0
POLL_S = 0.01


class PrivateDirectory:
    """A new folder below the temp folder, mode 0700; making one also removes those that killed launchers left.

    A lock on the folder itself tells whether its launcher lives: the kernel drops it when the process ends.
    """

    def __init__(self) -> None:
        remove_abandoned(Path(tempfile.gettempdir()))
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock: int | None = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove it; may be called twice. Raises OSError when something in it resists for REMOVE_TIMEOUT_S."""
        if self._lock is not None:
            remove_tree(self.path)
            os.close(self._lock)
            self._lock = None


def remove_abandoned(parent: Path) -> None:
    """Remove our folders in `parent` whose launcher is gone; an empty one stays, it may be about to be locked."""
    for path in parent.glob(f"{PREFIX}*"):
        if _is_abandoned(path) and any(path.iterdir()):
            shutil.rmtree(path, ignore_errors=True)


def remove_tree(path: Path) -> None:
    """Remove it, again while killed servers may still write in it; OSError after REMOVE_TIMEOUT_S."""
    deadline = time.monotonic() + REMOVE_TIMEOUT_S
    while path.exists():
        shutil.rmtree(path, ignore_errors=time.monotonic() < deadline)
        time.sleep(POLL_S)


def _is_abandoned(path: Path) -> bool:
    """True when it is a folder of ours that nobody has locked."""
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(folder).st_uid == os.geteuid()
    except OSError:
        return False
    finally:
        os.close(folder)
