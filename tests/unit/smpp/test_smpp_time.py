"""schedule_delivery_time and validity_period."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from smpp.smpp_time import BadTime, RelativeTime, format_absolute, format_relative, parse_time

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "smpp_times.json").read_text(encoding="utf-8"))["vectors"]

DAY = 86_400


def of_kind(kind: str) -> list[Any]:
    return [pytest.param(vector, id=vector.get("why", vector["id"])) for vector in VECTORS if vector["kind"] == kind]


@pytest.mark.parametrize("vector", of_kind("absolute"))
def test_an_absolute_time_is_read_with_its_offset(vector: dict[str, Any]) -> None:
    expected = datetime.fromisoformat(vector["at"])
    at = parse_time(vector["value"])
    assert isinstance(at, datetime)
    assert (at, at.utcoffset()) == (expected, expected.utcoffset())


@pytest.mark.parametrize("vector", of_kind("absolute"))
def test_an_absolute_time_is_written(vector: dict[str, Any]) -> None:
    assert format_absolute(datetime.fromisoformat(vector["at"])) == vector["value"]


@pytest.mark.parametrize("vector", of_kind("relative"))
def test_a_relative_time_is_read(vector: dict[str, Any]) -> None:
    assert parse_time(vector["value"]) == RelativeTime(**vector["period"])


@pytest.mark.parametrize("vector", [param for param in of_kind("relative") if "from" in param.values[0]])
def test_a_relative_time_ends_in_calendar_units_after_its_start(vector: dict[str, Any]) -> None:
    period = RelativeTime(**vector["period"])
    assert period.after(datetime.fromisoformat(vector["from"])) == datetime.fromisoformat(vector["gives"])


@pytest.mark.parametrize("vector", of_kind("invalid"))
def test_anything_else_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(BadTime):
        parse_time(vector["value"])


@pytest.mark.parametrize("vector", of_kind("empty"))
def test_an_empty_field_holds_no_time(vector: dict[str, Any]) -> None:
    assert parse_time(vector["value"]) is None


@pytest.mark.parametrize(
    ("seconds", "value"),
    [
        (0, "000000000000000R"),
        (59, "000000000059000R"),
        (3_661, "000000010101000R"),
        (DAY, "000001000000000R"),
        (31 * DAY + DAY - 1, "000031235959000R"),
        (32 * DAY, "000102000000000R"),
        (12 * 30 * DAY, "010000000000000R"),
        (99 * 360 * DAY + 359 * DAY + DAY - 1, "991129235959000R"),
    ],
)
def test_a_validity_in_seconds_is_written_as_a_period(seconds: int, value: str) -> None:
    assert format_relative(seconds) == value


@pytest.mark.parametrize("seconds", [-1, 100 * 360 * DAY])
def test_a_period_before_now_or_beyond_99_years_cannot_be_written(seconds: int) -> None:
    with pytest.raises(BadTime):
        format_relative(seconds)


@pytest.mark.parametrize(
    "offset", [timedelta(hours=13), timedelta(hours=-12, minutes=-15), timedelta(hours=5, minutes=7)]
)
def test_an_offset_that_the_format_lacks_is_written_as_utc(offset: timedelta) -> None:
    at = datetime(2026, 9, 5, 14, 30, tzinfo=UTC).astimezone(timezone(offset))
    assert format_absolute(at) == "260905143000000+"


def test_less_than_a_tenth_of_a_second_is_cut_off() -> None:
    assert format_absolute(datetime(2026, 9, 5, 14, 30, 0, 999_999, tzinfo=UTC)) == "260905143000900+"


def test_a_time_without_an_offset_cannot_be_written() -> None:
    with pytest.raises(BadTime, match="without an offset"):
        format_absolute(datetime(2026, 9, 5, 14, 30))


@pytest.mark.parametrize("year", [1999, 2100])
def test_a_year_of_another_century_cannot_be_written(year: int) -> None:
    with pytest.raises(BadTime, match=str(year)):
        format_absolute(datetime(year, 6, 1, tzinfo=UTC))
