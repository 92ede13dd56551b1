"""The Grafana dashboard: its queries are valid, about metrics that exist, and leave none out."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from helm_chart import CHART
from prometheus_queries import promtool, run_promtool, unknown_names

from adapters.telemetry.metric_table import METRICS

DASHBOARD: dict[str, Any] = json.loads((CHART / "files" / "dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_only_for_what_there_is(query: str):
    assert unknown_names(query) == []


@pytest.mark.skipif(promtool() is None, reason="promtool is not installed (Debian: prometheus)")
def test_the_queries_are_valid(tmp_path: Path):
    variables = {"$__rate_interval": "5m", "$operator": ".*"}
    rules = [{"record": f"query_{number}", "expr": _filled_in(one, variables)} for number, one in enumerate(QUERIES)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))

    result = run_promtool("check", "rules", "rules.yaml", folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_metric_is_shown():
    shown = {name for query in QUERIES for name in re.findall(r"smpp_\w+", query)}
    missing = [one.name for one in METRICS if not {one.name, f"{one.name}_bucket"} & shown]
    assert missing == []


def test_every_panel_says_what_it_shows():
    assert [panel["title"] for panel in PANELS if not panel["description"]] == []


def test_panels_do_not_overlap():
    taken = [cell for panel in DASHBOARD["panels"] for cell in _cells(panel["gridPos"])]
    assert len(taken) == len(set(taken))


def test_the_dashboard_has_no_address_of_a_site():
    assert re.findall(r"https?://", json.dumps(DASHBOARD)) == []


def _filled_in(query: str, variables: dict[str, str]) -> str:
    for name, value in variables.items():
        query = query.replace(name, value)
    return query


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    columns, rows = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
    return [(column, row) for column in columns for row in rows]
