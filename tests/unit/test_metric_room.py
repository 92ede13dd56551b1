"""A disk without room for figures: the process that counts lives on, and says once what is missing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from metric_processes import Scrapes, metrics_of_a_fresh_process

from adapters.telemetry import metric_room
from adapters.telemetry.metrics import counter, gauge

MO = "smpp_mo_total"
ROOM_BYTES = 4096


@pytest.fixture
def scrapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scrapes]:
    with metrics_of_a_fresh_process(tmp_path / "metrics", monkeypatch) as scrapes:
        yield scrapes


def leave_room(monkeypatch: pytest.MonkeyPatch, octets: int) -> None:
    """For each file so many octets and no more."""
    allocate = os.posix_fallocate

    def limited(file: int, offset: int, length: int) -> None:
        if offset + length > octets:
            raise OSError(28, "No space left on device")
        allocate(file, offset, length)

    monkeypatch.setattr("os.posix_fallocate", limited)
    monkeypatch.setattr(metric_room, "_said_by", set())


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.__dict__["event"], record.getMessage()) for record in caplog.records]


def test_without_room_at_the_start_a_process_counts_for_itself(
    scrapes: Scrapes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    leave_room(monkeypatch, 0)
    for operator in ("alpha", "beta", "alpha"):
        counter(MO, operator=operator).inc()

    assert scrapes.value(MO, operator="alpha") is None
    assert counter(MO, operator="alpha")._value.get() == 2
    assert told(caplog) == [("metrics_unavailable", "No space left on device")]


def test_figures_that_stand_still_are_not_shown(
    scrapes: Scrapes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    counter(MO, operator="alpha").inc()
    gauge("smpp_operator_bound", operator="alpha").set(1)
    assert scrapes.value(MO, operator="alpha") == 1

    leave_room(monkeypatch, ROOM_BYTES)
    for number in range(100):
        counter(MO, operator=f"operator-{number}").inc()
    counter(MO, operator="alpha").inc()

    assert scrapes.value(MO, operator="alpha") is None
    assert counter(MO, operator="alpha")._value.get() == 2
    assert scrapes.value("smpp_operator_bound", operator="alpha") == 1  # a file of its own
    assert told(caplog) == [("metrics_unavailable", "No space left on device")]
