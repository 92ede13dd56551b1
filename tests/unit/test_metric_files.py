"""What a scrape sees of many processes: never going backwards, nothing of the dead but their counts, and cheap."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from metric_processes import Samples, Scrapes, a_child_that_lives, in_a_child, metrics_of_a_fresh_process
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from adapters.telemetry import metric_values
from adapters.telemetry.metrics import counter, gauge, histogram

SWEPT = "smpp_correlations_swept_total"


@pytest.fixture
def scrapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scrapes]:
    with metrics_of_a_fresh_process(tmp_path / "metrics", monkeypatch) as scrapes:
        yield scrapes


def test_the_counts_of_all_processes_are_added_up(scrapes: Scrapes):
    counter("smpp_mo_total", operator="alpha").inc(2)
    in_a_child(lambda: counter("smpp_mo_total", operator="alpha").inc(3))

    assert scrapes.value("smpp_mo_total", operator="alpha") == 5


def test_counts_outlive_their_processes_and_their_files_do_not_pile_up(scrapes: Scrapes):
    for _ in range(3):
        in_a_child(lambda: (counter(SWEPT).inc(10), histogram("smpp_correlation_write_seconds").observe(0.02)))
        scrapes.text()

    assert scrapes.value(SWEPT) == 30
    assert scrapes.value("smpp_correlation_write_seconds_count") == 3
    assert scrapes.value("smpp_correlation_write_seconds_bucket", le="0.025") == 3
    assert scrapes.value("smpp_correlation_write_seconds_bucket", le="0.01") == 0
    assert scrapes.file_names() == []


def test_a_process_that_lives_is_not_taken_for_dead(scrapes: Scrapes):
    counter(SWEPT).inc()
    scrapes.text()
    counter(SWEPT).inc()

    assert scrapes.value(SWEPT) == 2


def test_a_process_that_has_ended_but_was_not_waited_for_counts_as_dead(scrapes: Scrapes):
    pid = os.fork()
    if pid == 0:
        counter(SWEPT).inc(7)
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie

    assert scrapes.value(SWEPT) == 7
    assert scrapes.file_names() == []
    os.waitpid(pid, 0)


def test_the_gauges_of_a_dead_process_disappear_with_it(scrapes: Scrapes):
    gauge("smpp_operator_bound", operator="alpha").set(1)
    in_a_child(lambda: gauge("smpp_operator_bound", operator="beta").set(1))

    figures = [scrapes.value("smpp_operator_bound", operator=operator) for operator in ("alpha", "beta")]
    assert figures == [1, None]


def test_the_value_set_last_is_shown_when_two_processes_have_set_a_gauge(scrapes: Scrapes):
    gauge("smpp_operator_bound", operator="alpha").set(1)

    with a_child_that_lives(lambda: gauge("smpp_operator_bound", operator="alpha").set(0)):
        assert scrapes.value("smpp_operator_bound", operator="alpha") == 0


def test_a_child_that_inherits_a_gauge_does_not_change_it(scrapes: Scrapes):
    gauge("smpp_operator_bound", operator="alpha").set(1)

    with a_child_that_lives(lambda: counter(SWEPT).inc()):
        assert scrapes.value("smpp_operator_bound", operator="alpha") == 1


def test_a_process_that_starts_counting_later_is_found(scrapes: Scrapes):
    assert scrapes.samples() == {}

    counter(SWEPT).inc()
    assert scrapes.value(SWEPT) == 1

    counter("smpp_mo_total", operator="alpha").inc()
    assert (scrapes.value(SWEPT), scrapes.value("smpp_mo_total", operator="alpha")) == (1, 1)


def test_the_figures_are_those_that_prometheus_client_reads_itself(scrapes: Scrapes):
    def count(share: float) -> None:
        counter("smpp_mo_total", operator='quo"te\\ and\nline').inc(share)
        histogram("smpp_submit_sm_seconds", operator="alpha").observe(share)
        histogram("smpp_submit_sm_seconds", operator="beta").observe(99)
        gauge("smpp_session_state", operator="alpha", session="s", endpoint="primary").set(share)
        for status in range(50):  # more than is read at once
            counter("smpp_submit_sm_total", operator="alpha", command_status=f"ESME_{status}").inc(share * status)

    with a_child_that_lives(lambda: count(0.3)), a_child_that_lives(lambda: count(2.5)):
        assert scrapes.samples() == read_by_prometheus_client(scrapes.folder)


def test_a_file_that_is_just_being_made_is_left_for_the_next_scrape(scrapes: Scrapes):
    counter(SWEPT).inc()
    (scrapes.folder / f"counter_{os.getppid()}.db").touch()

    assert scrapes.value(SWEPT) == 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\x0d\0\0\0" + bytes(12), id="half an entry"),
        pytest.param(b"\x30\0\0\0" + bytes(4) + b"\xff\xff\xff\xff" + bytes(36), id="a length below 0"),
        pytest.param(b"\x30\0\0\0" + bytes(4) + b"\x03\0\0\0nay" + bytes(33), id="a key that is none"),
        pytest.param(b"\x00\x10\0\0" + bytes(40), id="less than it says"),
    ],
)
def test_an_unreadable_file_is_told_of_once_removed_with_its_process_and_spoils_nothing(
    scrapes: Scrapes, caplog: pytest.LogCaptureFixture, content: bytes
):
    counter(SWEPT).inc()
    with a_child_that_lives(lambda: None) as pid:
        (scrapes.folder / f"counter_{pid}.db").write_bytes(content)
        assert [scrapes.value(SWEPT) for _ in range(2)] == [1, 1]

    assert scrapes.value(SWEPT) == 1
    assert f"counter_{pid}.db" not in scrapes.file_names()
    assert [record.__dict__["event"] for record in caplog.records] == ["metrics_lost"]


def test_a_key_is_parsed_once_however_often_it_is_scraped(scrapes: Scrapes, monkeypatch: pytest.MonkeyPatch):
    """Which is what keeps a scrape cheap; `make bench-scrape` has the figure."""
    parsed = []
    parse = metric_values._entry
    monkeypatch.setattr(metric_values, "_entry", lambda *place: parsed.append(place) or parse(*place))
    counter("smpp_mo_total", operator="alpha").inc()
    assert scrapes.value("smpp_mo_total", operator="alpha") == 1
    before = len(parsed)

    counter("smpp_mo_total", operator="alpha").inc()
    counter("smpp_mo_total", operator="beta").inc()

    assert scrapes.value("smpp_mo_total", operator="alpha") == 2
    assert len(parsed) - before == 1


def read_by_prometheus_client(folder: Path) -> Samples:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))
    return {(s.name, frozenset(s.labels.items())): s.value for family in registry.collect() for s in family.samples}
