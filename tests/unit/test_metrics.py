"""Counting: what the table allows, in one process and in those forked from it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from metric_processes import Scrapes, forget_families, in_a_child, metrics_of_a_fresh_process

from adapters.telemetry import metrics
from adapters.telemetry.metric_table import METRICS, Kind
from adapters.telemetry.metrics import counter, gauge, histogram, observe_all

SWEPT = "smpp_correlations_swept_total"


@pytest.fixture
def scrapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scrapes]:
    with metrics_of_a_fresh_process(tmp_path / "metrics", monkeypatch) as scrapes:
        yield scrapes


def test_every_metric_of_the_table_can_be_used_and_is_exposed_with_its_help(scrapes: Scrapes):
    use = {
        Kind.COUNTER: lambda name, labels: counter(name, **labels).inc(),
        Kind.GAUGE: lambda name, labels: gauge(name, **labels).set(1),
        Kind.HISTOGRAM: lambda name, labels: histogram(name, **labels).observe(0.1),
    }
    for metric in METRICS:
        use[metric.kind](metric.name, dict.fromkeys(metric.labels, "x"))

    text = scrapes.text()

    for metric in METRICS:
        assert f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind.value}\n" in text


def test_a_name_or_a_label_that_the_table_does_not_have_is_a_mistake(scrapes: Scrapes):
    with pytest.raises(KeyError):
        counter("smpp_typo_total")
    with pytest.raises(ValueError, match="smpp_mo_total is no gauge"):
        gauge("smpp_mo_total", operator="alpha")
    with pytest.raises(ValueError, match="label"):
        counter("smpp_mo_total", operater="alpha")


def test_a_batch_is_observed_as_its_values_one_by_one(scrapes: Scrapes):
    batch = [0.001, 0.005, 0.0051, 3.0, 99.0]
    observe_all(histogram("smpp_submit_sm_seconds", operator="batch"), batch)
    for one in batch:
        histogram("smpp_submit_sm_seconds", operator="single").observe(one)

    by_operator: dict[str, dict[object, float]] = {"batch": {}, "single": {}}
    for (name, labels), figure in scrapes.samples().items():
        for operator in by_operator.keys() & dict(labels).values():
            by_operator[operator][(name, labels - {("operator", operator)})] = figure
    assert by_operator["batch"] == by_operator["single"]
    assert len(by_operator["batch"]) == 14


def test_what_an_earlier_run_has_left_is_removed(scrapes: Scrapes):
    counter(SWEPT).inc()
    forget_families()

    metrics.prepare(scrapes.folder)

    assert (scrapes.file_names(), scrapes.samples()) == ([], {})


def test_preparing_after_the_first_use_is_a_mistake(scrapes: Scrapes):
    counter(SWEPT).inc()

    with pytest.raises(RuntimeError, match="before the first use"):
        metrics.prepare(scrapes.folder)


def test_a_child_forked_while_a_thread_counts_can_count(scrapes: Scrapes):
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

    assert scrapes.value("smpp_mo_total", operator="alpha") == 50
