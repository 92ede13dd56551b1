"""Room for a process's figures, made sure of before they are written.

prometheus_client maps a file with holes: where the disk is full, or the memory that a tmpfs may take, the write of a
new series ends the process (SIGBUS), and so would that of each that is started in its place.
"""

import contextlib
import logging
import mmap
import os
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

from adapters.telemetry.logs import log_event

AROUND_KEY_BYTES = 32  # of an entry at most: its length, padding, a value and its time

log = logging.getLogger(__name__)

_said_by: set[int] = set()  # pids: a process has a file of each kind


class AllocatedDict(MmapedDict):
    """The file of one process and kind. Where the disk gives it no room it is removed, rather than that old figures
    stay in /metrics, and what the process counts is in its memory alone."""

    def __init__(self, filename: str) -> None:
        self._path = Path(filename)
        self._is_lost = False
        try:
            _allocate_first_page(self._path)
        except OSError as error:
            filename = self._lost(error)
        super().__init__(filename)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        if not self._is_lost:
            self._make_room(self._used + len(key.encode()) + AROUND_KEY_BYTES)
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _make_room(self, octets: int) -> None:
        try:
            os.posix_fallocate(self._f.fileno(), 0, octets)
        except OSError as error:
            self._go_on_in(self._lost(error))

    def _lost(self, error: OSError) -> str:
        """Where to go on: a file in memory, which its descriptor keeps."""
        self._is_lost = True
        if os.getpid() not in _said_by:
            _said_by.add(os.getpid())
            log_event(log, logging.ERROR, "metrics_unavailable", error.strerror or "")
        with contextlib.suppress(OSError):  # never made, or on a file system that is read-only now
            self._path.unlink()
        return f"/proc/self/fd/{os.memfd_create(self._path.name, os.MFD_CLOEXEC)}"

    def _go_on_in(self, filename: str) -> None:
        content = self._m[:]
        self._f.close()
        self._f = open(filename, "a+b")  # noqa: SIM115  closed by `close`, as the one before
        self._f.truncate(len(content))
        self._m = mmap.mmap(self._f.fileno(), len(content))
        self._m[:] = content


def _allocate_first_page(path: Path) -> None:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(file, 0, mmap.PAGESIZE)
    finally:
        os.close(file)
