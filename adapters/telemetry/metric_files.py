"""The files behind /metrics: read together, with those of dead processes folded into one of a kind.

All of this runs in one place, the process that serves /metrics: nothing else reads or removes files, so no lock is
needed. A child's counts outlive it, or every restart would look like a counter reset; its gauges do not.
"""

# mypy: disallow-untyped-calls=False
# (prometheus_client has not annotated its multiprocess side)

import logging
import os
import re
import struct
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from adapters.telemetry.logs import log_event
from adapters.telemetry.metrics import FOLDER_VARIABLE

ACCUMULATING_KINDS = ("counter", "histogram")
FOLDED = "dead"  # in place of a process id
UNREADABLE = (struct.error, RuntimeError, UnicodeDecodeError)  # what MmapedDict raises for an incomplete file

_PROCESS_FILE = re.compile(r"_(\d+)\.db$")
_logger = logging.getLogger(__name__)


def exposition() -> bytes:
    """The figures of all processes, dead ones included, in Prometheus' text format."""
    directory = Path(os.environ[FOLDER_VARIABLE])
    for pid in _processes(directory):
        if not _is_alive(pid):
            forget_process(pid)
    registry = CollectorRegistry()
    _WrittenFiles(registry, str(directory))
    return generate_latest(registry)


def forget_process(pid: int) -> None:
    """Drop the gauges of a dead process and add its counts to those of the dead before it."""
    directory = Path(os.environ[FOLDER_VARIABLE])
    mark_process_dead(pid, str(directory))
    for kind in ACCUMULATING_KINDS:
        source = directory / f"{kind}_{pid}.db"
        if source.exists():
            _fold(source, directory / f"{kind}_{FOLDED}.db")


class _WrittenFiles(MultiProcessCollector):
    """Leaves out the empty file of a process that is just starting."""

    def collect(self) -> Iterable[Metric]:
        files = [str(path) for path in Path(self._path).glob("*.db") if path.stat().st_size]
        metrics: Iterable[Metric] = self.merge(files, accumulate=True)
        return metrics


def _fold(source: Path, into: Path) -> None:
    total = MmapedDict(str(into))
    try:
        for key, value, _, _ in list(MmapedDict.read_all_values_from_file(str(source))):
            total.write_value(key, total.read_value(key)[0] + value, 0.0)
    except UNREADABLE as error:
        log_event(_logger, logging.WARNING, "metrics_lost", file=source.name, cause=type(error).__name__)
    finally:
        total.close()
        source.unlink()


def _processes(directory: Path) -> set[int]:
    return {int(found[1]) for path in directory.glob("*.db") if (found := _PROCESS_FILE.search(path.name))}


def _is_alive(pid: int) -> bool:
    """A zombie is dead: it does not count any more."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")
