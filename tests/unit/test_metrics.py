"""Metrics over many processes: kept in files, read as one, never going backwards."""

import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import values
from prometheus_client.parser import text_string_to_metric_families

from adapters.telemetry import metric_files, metrics
from adapters.telemetry.metric_files import exposition, forget_process
from adapters.telemetry.metric_table import METRICS, Kind
from adapters.telemetry.metrics import counter, gauge, histogram, observe_all

SWEPT = "smpp_correlations_swept_total"
CHILD_DEADLINE_S = 10


def forget_families() -> None:
    if values.ValueClass._multiprocess:
        values.ValueClass.close_all_files()
    metrics._made.clear()
    del metrics._locks[1:]
    for cached in (counter, gauge, histogram):
        cached.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Metrics as they are in a fresh process."""
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setenv(metrics.FOLDER_VARIABLE, "")
    forget_families()
    metrics.prepare(tmp_path / "metrics")
    yield tmp_path / "metrics"
    forget_families()


def die_at_the_deadline() -> None:
    """For children: one that hangs is killed, and who waits for it sees that."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(CHILD_DEADLINE_S)


def in_a_child(work: Callable[[], object]) -> int:
    """Runs it in a forked process; returns its pid when it has ended well."""
    pid = os.fork()
    if pid == 0:
        die_at_the_deadline()
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
def a_child_that_lives(work: Callable[[], object]) -> Iterator[None]:
    """A forked process that has done this work, and then does nothing."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        die_at_the_deadline()
        work()
        os.write(writer, b".")
        signal.pause()
    os.close(writer)
    assert os.read(reader, 1) == b"."
    yield
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(reader)


def samples() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(exposition().decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(name: str, **labels: str) -> float | None:
    return samples().get((name, frozenset(labels.items())))


def test_every_metric_of_the_table_can_be_used_and_is_exposed_with_its_help(folder: Path):
    use = {
        Kind.COUNTER: lambda name, labels: counter(name, **labels).inc(),
        Kind.GAUGE: lambda name, labels: gauge(name, **labels).set(1),
        Kind.HISTOGRAM: lambda name, labels: histogram(name, **labels).observe(0.1),
    }
    for metric in METRICS:
        use[metric.kind](metric.name, dict.fromkeys(metric.labels, "x"))

    text = exposition().decode()

    for metric in METRICS:
        assert f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind.value}\n" in text


def test_a_name_or_a_label_that_the_table_does_not_have_is_a_mistake(folder: Path):
    with pytest.raises(KeyError):
        counter("smpp_typo_total")
    with pytest.raises(ValueError, match="smpp_mo_total is no gauge"):
        gauge("smpp_mo_total", operator="alpha")
    with pytest.raises(ValueError, match="label"):
        counter("smpp_mo_total", operater="alpha")


def test_the_counts_of_all_processes_are_added_up(folder: Path):
    counter("smpp_mo_total", operator="alpha").inc(2)
    in_a_child(lambda: counter("smpp_mo_total", operator="alpha").inc(3))

    assert value("smpp_mo_total", operator="alpha") == 5


def test_counts_outlive_their_processes_and_their_files_do_not_pile_up(folder: Path):
    for _ in range(3):
        in_a_child(lambda: (counter(SWEPT).inc(10), histogram("smpp_correlation_write_seconds").observe(0.02)))
        exposition()

    assert value(SWEPT) == 30
    assert value("smpp_correlation_write_seconds_count") == 3
    assert value("smpp_correlation_write_seconds_bucket", le="0.025") == 3
    assert value("smpp_correlation_write_seconds_bucket", le="0.01") == 0
    assert sorted(path.name for path in folder.iterdir()) == ["counter_dead.db", "histogram_dead.db"]


def test_a_process_that_lives_is_not_folded(folder: Path):
    counter(SWEPT).inc()
    exposition()
    counter(SWEPT).inc()

    assert value(SWEPT) == 2


def test_a_process_that_has_ended_but_was_not_waited_for_counts_as_dead(folder: Path):
    pid = os.fork()
    if pid == 0:
        counter(SWEPT).inc(7)
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie

    assert value(SWEPT) == 7
    assert not (folder / f"counter_{pid}.db").exists()
    os.waitpid(pid, 0)


def test_the_gauges_of_a_dead_process_disappear_with_it(folder: Path):
    gauge("smpp_operator_bound", operator="alpha").set(1)
    in_a_child(lambda: gauge("smpp_operator_bound", operator="beta").set(1))

    assert (value("smpp_operator_bound", operator="alpha"), value("smpp_operator_bound", operator="beta")) == (1, None)


def test_the_value_set_last_is_shown_when_two_processes_have_set_a_gauge(folder: Path):
    gauge("smpp_operator_bound", operator="alpha").set(1)

    with a_child_that_lives(lambda: gauge("smpp_operator_bound", operator="alpha").set(0)):
        assert value("smpp_operator_bound", operator="alpha") == 0


def test_a_child_that_inherits_a_gauge_does_not_change_it(folder: Path):
    gauge("smpp_operator_bound", operator="alpha").set(1)

    with a_child_that_lives(lambda: counter(SWEPT).inc()):
        assert value("smpp_operator_bound", operator="alpha") == 1


def test_a_batch_is_observed_as_its_values_one_by_one(folder: Path):
    batch = [0.001, 0.005, 0.0051, 3.0, 99.0]
    observe_all(histogram("smpp_submit_sm_seconds", operator="batch"), batch)
    for one in batch:
        histogram("smpp_submit_sm_seconds", operator="single").observe(one)

    by_operator: dict[str, dict[object, float]] = {"batch": {}, "single": {}}
    for (name, labels), figure in samples().items():
        for operator in by_operator.keys() & dict(labels).values():
            by_operator[operator][(name, labels - {("operator", operator)})] = figure
    assert by_operator["batch"] == by_operator["single"]
    assert len(by_operator["batch"]) == 14


def test_an_unreadable_file_of_a_dead_process_is_removed_and_spoils_nothing(
    folder: Path, caplog: pytest.LogCaptureFixture
):
    counter(SWEPT).inc()
    pid = in_a_child(lambda: None)
    (folder / f"counter_{pid}.db").write_bytes(b"")

    forget_process(pid)

    assert value(SWEPT) == 1
    assert not (folder / f"counter_{pid}.db").exists()
    assert [record.__dict__["event"] for record in caplog.records] == ["metrics_lost"]


def test_a_file_that_is_just_being_made_is_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch):
    counter(SWEPT).inc()
    empty = folder / f"counter_{os.getppid()}.db"
    empty.touch()
    generate = metric_files.generate_latest

    def first_then_ready(registry: metric_files.CollectorRegistry) -> bytes:
        try:
            return generate(registry)
        finally:
            empty.unlink(missing_ok=True)

    monkeypatch.setattr(metric_files, "generate_latest", first_then_ready)

    assert value(SWEPT) == 1


def test_what_an_earlier_run_has_left_is_removed(tmp_path: Path, folder: Path):
    counter(SWEPT).inc()
    forget_families()

    metrics.prepare(folder)

    assert (list(folder.iterdir()), samples()) == ([], {})


def test_preparing_after_the_first_use_is_a_mistake(folder: Path):
    counter(SWEPT).inc()

    with pytest.raises(RuntimeError, match="before the first use"):
        metrics.prepare(folder)


def test_a_child_forked_while_a_thread_counts_can_count(folder: Path):
    stop = threading.Event()

    def count() -> None:
        while not stop.is_set():
            counter(SWEPT).inc()

    threads = [threading.Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(50):
            in_a_child(lambda: counter("smpp_mo_total", operator="alpha").inc())
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    assert value("smpp_mo_total", operator="alpha") == 50
