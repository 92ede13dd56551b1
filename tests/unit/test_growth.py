"""How the growth is judged and drawn, and that the charts of the documents are those of their figures."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from loadtest.bench.accounting import CpuSpent
from loadtest.bench.figures import CONNECTOR, LOAD_GENERATOR, SERVERS, SIMULATOR, Usage
from loadtest.growth.charts import chart, write_charts
from loadtest.growth.points import Axis, Point, as_json, from_json, limit_of, rises

DOCUMENTED = Path(__file__).parents[2] / "docs" / "performance"

ROUTER, WRITER = 11, 12
NAMES = {ROUTER: "dispatch-router", WRITER: "correlation-writer"}


def usage_of(router_s: float, writer_s: float, rest_s: float = 0.0) -> Usage:
    """Of ten seconds."""
    nothing = dict.fromkeys((*SERVERS, SIMULATOR, LOAD_GENERATOR), CpuSpent({}, 0.0, []))
    return Usage(10.0, {CONNECTOR: CpuSpent({ROUTER: router_s, WRITER: writer_s}, 0.0, []), **nothing}, rest_s)


def point(size: int, own_cpu_s: float, server_cpu_s: float = 0.1) -> Point:
    return Point("operators", size, 1234.5, own_cpu_s, server_cpu_s, "the 2 cores")


@pytest.mark.parametrize(
    ("usage", "limit"),
    [
        (usage_of(9.0, 8.5), "the 2 cores"),
        (usage_of(4.0, 4.0, rest_s=10.0), "the 2 cores"),
        (usage_of(9.0, 2.0), "dispatch-router"),
        (usage_of(2.0, 4.0), "waiting; busiest: correlation-writer, 0.40 of a core"),
    ],
)
def test_what_had_no_more_to_give_is_the_limit(usage: Usage, limit: str) -> None:
    assert limit_of(usage, NAMES, cores=2) == limit


def test_a_message_may_cost_fifteen_percent_more_at_any_size() -> None:
    assert rises([point(1, 0.9), point(10, 1.04), point(100, 1.06)]) == [
        "100 operators: 1.160 CPU s per 1,000 messages, 1.000 at 1"
    ]


def test_points_come_back_from_their_file() -> None:
    points = [point(1, 0.9), point(10, 1.05)]
    assert from_json(as_json(points)) == points


def test_a_chart_says_of_each_size_what_it_cost_and_what_limited_it() -> None:
    drawn = ElementTree.fromstring(chart(Axis.OPERATORS, [point(1, 0.9), point(100, 1.05)]))
    said = [element.text for element in drawn if element.tag.endswith("text")]
    assert said[-8:] == [
        *("1.000", "1", "1,234 messages/s", "the 2 cores"),
        *("1.150", "100", "1,234 messages/s", "the 2 cores"),
    ]


def test_the_charts_of_the_documents_are_those_of_their_figures(tmp_path: Path) -> None:
    write_charts(tmp_path, from_json((DOCUMENTED / "growth.jsonl").read_text()))
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        file.name: file.read_text() for file in DOCUMENTED.glob("growth-*.svg")
    }
