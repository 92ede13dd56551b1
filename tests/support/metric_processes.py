"""Processes that count, and what Prometheus sees of them."""

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import values
from prometheus_client.parser import text_string_to_metric_families

from adapters.telemetry import metrics
from adapters.telemetry.metric_files import MetricFiles
from adapters.telemetry.metrics import counter, gauge, histogram

CHILD_DEADLINE_S = 60

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Scrapes:
    """What Prometheus would see of this folder, one scrape after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files = MetricFiles(folder)

    def text(self) -> str:
        return self._files.exposition().decode()

    def samples(self) -> Samples:
        families = text_string_to_metric_families(self.text())
        return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples().get((name, frozenset(labels.items())))

    def file_names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@contextmanager
def metrics_of_a_fresh_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scrapes]:
    """Whatever this process has counted before is left alone."""
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setenv(metrics.FOLDER_VARIABLE, "")
    forget_families()
    metrics.prepare(folder)
    yield Scrapes(folder)
    forget_families()


def forget_families() -> None:
    if values.ValueClass._multiprocess:
        values.ValueClass.close_all_files()
    metrics._made.clear()
    del metrics._locks[1:]
    for cached in (counter, gauge, histogram):
        cached.cache_clear()


def in_a_child(work: Callable[[], object]) -> int:
    """Runs it in a forked process; returns its pid when it has ended well."""
    pid = os.fork()
    if pid == 0:
        _die_at_the_deadline()
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert status == 0
    return pid


@contextmanager
def a_child_that_lives(work: Callable[[], object]) -> Iterator[int]:
    """A forked process that has done this work, and then does nothing; its pid."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _die_at_the_deadline()
        work()
        os.write(writer, b".")
        signal.pause()
    os.close(writer)
    assert os.read(reader, 1) == b"."
    os.close(reader)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _die_at_the_deadline() -> None:
    """For children: one that hangs is killed, and who waits for it sees that."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(CHILD_DEADLINE_S)
