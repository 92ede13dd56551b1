"""Which processes belong to a service, however they were made: all inherit its RUNTIME_DIR in their environment.

The parent is no guide: Thespian's admin process detaches from it.
"""

import os
from pathlib import Path

from sandbox.process_tree import Process, process_tree


def processes_of(runtime_dir: Path) -> list[Process]:
    """Those that run now; a zombie has no environment any more and does not count."""
    mark = b"RUNTIME_DIR=" + os.fsencode(runtime_dir)
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [process_tree(pid)[0] for pid in pids if mark in _environment(pid) and process_tree(pid)]


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
