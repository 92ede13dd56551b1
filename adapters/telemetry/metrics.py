"""Metrics of all processes of the service, in prometheus_client's multiprocess mode.

`prepare` is called once, early, in the process that the user starts; those it forks inherit the choice. Where many
messages pass, count a batch with one `inc(n)` or `observe_all`: 1 us for the batch and 0.1 us for each value.
"""

import functools
import inspect
import os
import sys
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from adapters.telemetry.metric_table import GAUGE_MODE, METRICS, Kind, Metric

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram
    from prometheus_client.metrics import MetricWrapperBase

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_TABLE = {metric.name: metric for metric in METRICS}
_made: dict[str, "MetricWrapperBase"] = {}
_making = Lock()
_locks = [_making]  # all that are held while the process forks


def prepare(directory: Path) -> None:
    """Keep the figures of this process and of those it forks in files of this folder, which is emptied first.

    Raises RuntimeError when a metric was used before: its figures would never be seen.
    """
    if _made:
        raise RuntimeError("metrics.prepare must come before the first use of a metric")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left_over in directory.glob("*.db"):
        left_over.unlink()
    os.environ[FOLDER_VARIABLE] = str(directory)
    _choose_storage_again()


@functools.cache
def counter(name: str, **labels: str) -> "Counter":
    """The counter with these labels; KeyError or ValueError when the table has no such metric or labels."""
    return _child(name, Kind.COUNTER, labels)  # type: ignore[return-value]


@functools.cache
def gauge(name: str, **labels: str) -> "Gauge":
    """The gauge with these labels."""
    return _child(name, Kind.GAUGE, labels)  # type: ignore[return-value]


@functools.cache
def histogram(name: str, **labels: str) -> "Histogram":
    """The histogram with these labels."""
    return _child(name, Kind.HISTOGRAM, labels)  # type: ignore[return-value]


def observe_all(child: "Histogram", values: Sequence[float]) -> None:
    """Observe a batch with one write per bucket hit. prometheus_client takes them one by one, 2 to 5 us each."""
    hits = Tally(bisect_left(child._upper_bounds, value) for value in values)
    for bucket, count in hits.items():
        child._buckets[bucket].inc(count)
    child._sum.inc(sum(values))


def _choose_storage_again() -> None:
    """prometheus_client decides at its import between memory and files, and anyone may have imported it already."""
    if values := sys.modules.get("prometheus_client.values"):
        values.ValueClass = values.get_value_class()  # type: ignore[attr-defined]


def _child(name: str, kind: Kind, labels: dict[str, str]) -> "MetricWrapperBase":
    if _TABLE[name].kind is not kind:
        raise ValueError(f"{name} is no {kind.value}")
    family = _families()[name]
    return family.labels(**labels) if labels else family


def _families() -> dict[str, "MetricWrapperBase"]:
    """Made at first use, so that this module may be imported before `prepare` is called."""
    with _making:
        if not _made:
            _make_room_first()
            _made.update({metric.name: _family(metric) for metric in METRICS})
            _locks.extend(_locks_of_prometheus_client())
    return _made


def _make_room_first() -> None:
    from prometheus_client import values

    from adapters.telemetry.metric_room import AllocatedDict

    values.MmapedDict = AllocatedDict  # type: ignore[attr-defined, assignment]


def _family(metric: Metric) -> "MetricWrapperBase":
    import prometheus_client

    match metric.kind:
        case Kind.COUNTER:
            return prometheus_client.Counter(metric.name, metric.help, metric.labels, registry=None)
        case Kind.GAUGE:
            return prometheus_client.Gauge(
                metric.name, metric.help, metric.labels, registry=None, multiprocess_mode=GAUGE_MODE
            )
        case Kind.HISTOGRAM:
            return prometheus_client.Histogram(
                metric.name, metric.help, metric.labels, registry=None, buckets=metric.buckets
            )


def _locks_of_prometheus_client() -> Iterator[Lock]:
    """A family's lock is taken before the one that all values share, as prometheus_client itself does."""
    from prometheus_client import values

    yield from (family._lock for family in _made.values() if family._labelnames)
    shared = inspect.getclosurevars(values.ValueClass.inc).nonlocals
    if "lock" in shared:  # not when the values are kept in memory
        yield shared["lock"]


def _acquire_locks() -> None:
    for lock in _locks:
        lock.acquire()


def _release_locks() -> None:
    for lock in reversed(_locks):
        lock.release()


# An actor's main thread forks while its loop thread counts; a child must not inherit a lock that nobody will release.
os.register_at_fork(before=_acquire_locks, after_in_parent=_release_locks, after_in_child=_release_locks)
