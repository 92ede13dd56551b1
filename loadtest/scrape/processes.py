"""Processes as those of a service with many operators, each of which has counted what such a process counts."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from adapters.telemetry.metric_table import METRICS, Kind
from adapters.telemetry.metrics import counter, gauge, histogram

DEADLINE_S = 600  # of a process that nobody ends

Work = Callable[[], None]

SHARED = frozenset({"smpp_build_info", "smpp_correlation_write_seconds", "smpp_correlations_swept_total"})
OF_SESSIONS = frozenset(
    {
        "smpp_session_state",
        "smpp_session_waiting",
        "smpp_window_in_use",
        "smpp_submit_sm_total",
        "smpp_submit_sm_seconds",
        "smpp_dispatch_to_submit_seconds",
        "smpp_binds_total",
        "smpp_reconnects_total",
        "smpp_enquire_link_seconds",
    }
)


@contextmanager
def processes(operators: int, sessions: int) -> Iterator[int]:
    """One for each operator, `sessions` for each of its sessions, and one for the rest; how many they are."""
    pids = [_process(_count_the_rest)]
    try:
        for number in range(operators):
            operator = f"operator-{number}"
            pids.append(_process(partial(_count_as_operator, operator)))
            for index in range(sessions):
                pids.append(_process(partial(_count_as_session, operator, f"session@{operator}@0.{index}")))
        yield len(pids)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)


def _process(work: Work) -> int:
    """Has done its work when this returns."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(DEADLINE_S)
        work()
        os.write(writer, b".")
        signal.pause()
        os._exit(0)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    return pid


def _count_the_rest() -> None:
    for name in SHARED:
        _use(name, "all", "all")


def _count_as_operator(operator: str) -> None:
    for metric in METRICS:
        if metric.name not in SHARED | OF_SESSIONS:
            _use(metric.name, operator, operator)


def _count_as_session(operator: str, session: str) -> None:
    for name in OF_SESSIONS:
        _use(name, operator, session)


def _use(name: str, operator: str, session: str) -> None:
    (metric,) = [metric for metric in METRICS if metric.name == name]
    labels = {label: {"operator": operator, "session": session}.get(label, "some") for label in metric.labels}
    match metric.kind:
        case Kind.COUNTER:
            counter(name, **labels).inc()
        case Kind.GAUGE:
            gauge(name, **labels).set(1)
        case Kind.HISTOGRAM:
            histogram(name, **labels).observe(0.01)
