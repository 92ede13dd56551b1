"""A wall clock that can be set while processes run by it; their monotonic clock goes on as it was.

libfaketime stands before the C library, so that compiled code reads it as well. It looks into its file once a second.
"""

from importlib import metadata
from pathlib import Path

LIBRARY = "libfaketime.so.1"
SHARED_MEMORY = Path("/dev/shm")


class NoShiftedClock(Exception):
    """libfaketime is not there. The message says how to get it."""


class ShiftedClock:
    """`settings` are the environment of the processes that live by it. Raises NoShiftedClock."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)
        self.settings = {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, seconds: int) -> None:
        """So many ahead of the true time; behind it where negative."""
        written = self._file.with_suffix(".new")
        written.write_text(f"{seconds:+}\n")
        written.replace(self._file)


def clear_away() -> None:
    """What libfaketime has left in shared memory of processes that were killed."""
    for path in SHARED_MEMORY.glob("*faketime_*"):
        pid = path.name.rpartition("_")[2]
        if not Path("/proc", pid).exists():
            path.unlink(missing_ok=True)


def _library() -> Path:
    try:
        files = metadata.files("libfaketime") or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == LIBRARY:
            return Path(str(file.locate()))
    raise NoShiftedClock("libfaketime is not installed: pip install -e '.[test]'")
