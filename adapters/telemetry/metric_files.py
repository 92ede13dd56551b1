"""The figures behind /metrics: those of all processes, read from the files in which each keeps its own.

All of this runs in one place, the process that serves /metrics: nothing else reads or removes files, so no lock is
needed. A child's counts outlive it, or every restart would look like a counter reset; its gauges do not. What the dead
have counted is kept in memory: when this process ends, all others do, and the next start counts from nothing.
"""

import logging
import os
import re
from collections import defaultdict
from pathlib import Path

from adapters.telemetry.logs import log_event
from adapters.telemetry.metric_table import Kind
from adapters.telemetry.metric_text import MetricText
from adapters.telemetry.metric_values import Series, SeriesTable, UnreadableValues, ValueFile

STAT_BYTES = 512  # of /proc/<pid>/stat, whose third field is the state
ENDED = (b"Z", b"X")  # a zombie does not count any more

_PROCESS_FILE = re.compile(r"\w+_(\d+)\.db")
_logger = logging.getLogger(__name__)

Figures = dict[Series, float]


class MetricFiles:
    """The figures of the processes that keep theirs in this folder (adapters.telemetry.metrics.prepare)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._table = SeriesTable()
        self._text = MetricText()
        self._files: set[str] = set()
        self._unreadable: set[str] = set()
        self._processes: defaultdict[int, list[ValueFile]] = defaultdict(list)
        self._counted_by_the_dead: Figures = {}

    def exposition(self) -> bytes:
        """In Prometheus' text format."""
        self.tidy()
        figures, set_at = self._counted_by_the_dead.copy(), Figures()
        for files in list(self._processes.values()):
            for file in files:
                self._add(file, figures, set_at)
        return self._text.of(self._table.ordered(), figures)

    def tidy(self) -> None:
        """Take over what processes that have ended have counted, and remove their files."""
        self._find_new()
        for pid in [pid for pid in self._processes if not _is_alive(pid)]:
            for file in self._processes.pop(pid):
                if not _is_of_gauges(file):
                    self._add(file, self._counted_by_the_dead, Figures())
                file.path.unlink(missing_ok=True)
                self._files.discard(file.path.name)

    def _find_new(self) -> None:
        for name in os.listdir(self._folder):
            if name not in self._files and (found := _PROCESS_FILE.fullmatch(name)):
                self._files.add(name)
                self._processes[int(found[1])].append(ValueFile(self._folder / name, self._table))

    def _add(self, file: ValueFile, figures: Figures, set_at: Figures) -> None:
        """Counts are added up; of a gauge the value holds that was set last."""
        try:
            values, times = file.read()
        except UnreadableValues:
            self._complain(file)
            return
        except FileNotFoundError:  # its process had no room for it, and has said so
            return
        if _is_of_gauges(file):
            for series, value, time in zip(file.series, values, times, strict=True):
                if time >= set_at.get(series, 0.0):
                    figures[series], set_at[series] = value, time
        else:
            for series, value in zip(file.series, values, strict=True):
                figures[series] = figures.get(series, 0.0) + value

    def _complain(self, file: ValueFile) -> None:
        """Once for each file."""
        if file.path.name not in self._unreadable:
            self._unreadable.add(file.path.name)
            log_event(_logger, logging.WARNING, "metrics_lost", file=file.path.name)


def _is_of_gauges(file: ValueFile) -> bool:
    return file.path.name.startswith(Kind.GAUGE.value)


def _is_alive(pid: int) -> bool:
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return os.read(file, STAT_BYTES).rpartition(b")")[2].split(maxsplit=1)[0] not in ENDED
    except ProcessLookupError:  # it has just been waited for
        return False
    finally:
        os.close(file)
