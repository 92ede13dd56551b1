"""The alert rules: valid, about metrics that exist, and each shown to fire, to hold off and to clear."""

import shutil
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import yaml
from helm_chart import CHART, PROJECT, only, rendering, template
from prometheus_queries import promtool, run_promtool, unknown_names
from runbook import anchors

RULES = CHART / "files" / "alerts.yaml"
RULE_TESTS = PROJECT / "tests" / "chart" / "alerts.test.yaml"
RUNBOOK = "docs/runbook.md"
WIKI = "https://wiki.example/smpp/runbook"

Rule = dict[str, Any]

needs_promtool = pytest.mark.skipif(promtool() is None, reason="promtool is not installed (Debian: prometheus)")


def rules() -> dict[str, Rule]:
    """By name."""
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


@needs_promtool
def test_every_alert_fires_holds_off_and_clears(tmp_path: Path):
    for file in (RULES, RULE_TESTS):
        shutil.copy(file, tmp_path)
    result = run_promtool("test", "rules", RULE_TESTS.name, folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


@needs_promtool
def test_the_rules_are_valid(tmp_path: Path):
    result = run_promtool("check", "rules", RULES, folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


@needs_promtool
def test_a_rule_that_never_fires_fails_its_test(tmp_path: Path):
    shutil.copy(RULE_TESTS, tmp_path)
    (tmp_path / RULES.name).write_text(
        RULES.read_text().replace("smpp_operator_bound == 0", "smpp_operator_bound == 2")
    )
    assert run_promtool("test", "rules", RULE_TESTS.name, folder=tmp_path).returncode == 1


@pytest.mark.parametrize("alert", rules())
def test_each_alert_is_seen_firing_and_after_that_silent(alert: str):
    courses = [
        [bool(case["exp_alerts"]) for case in test["alert_rule_test"] if case["alertname"] == alert]
        for test in yaml.safe_load(RULE_TESTS.read_text())["tests"]
    ]
    assert [False, True, False] in [[is_firing for is_firing, _ in groupby(course)] for course in courses]


@pytest.mark.parametrize("alert", rules())
def test_an_alert_asks_only_for_what_there_is(alert: str):
    assert unknown_names(rules()[alert]["expr"]) == []


@pytest.mark.parametrize("alert", rules())
def test_an_alert_says_how_grave_it_is_what_it_means_and_what_to_do(alert: str):
    rule = rules()[alert]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}


def test_the_first_alert_is_built_on_smpp_operator_bound():
    (alert, rule), *_ = rules().items()
    assert (alert, "smpp_operator_bound" in rule["expr"]) == ("SmppConnectorSessionUnbound", True)


def test_the_chart_takes_the_rules_from_the_plain_file():
    assert only(rendering("production"), "PrometheusRule")["spec"] == yaml.safe_load(RULES.read_text())


def test_the_alerts_of_the_chart_link_to_where_the_team_reads_the_runbook():
    chart = only(template(monitoring__alerts__enabled="true", monitoring__alerts__runbookUrl=WIKI), "PrometheusRule")
    links = [rule["annotations"]["runbook_url"] for rule in chart["spec"]["groups"][0]["rules"]]
    assert links == [rule["annotations"]["runbook_url"].replace(RUNBOOK, WIKI) for rule in rules().values()]


@pytest.mark.parametrize("alert", rules())
def test_an_alert_links_to_a_section_of_the_runbook(alert: str):
    page, _, section = rules()[alert]["annotations"]["runbook_url"].partition("#")
    assert page == RUNBOOK
    assert section in anchors(PROJECT / RUNBOOK)


def test_a_name_that_does_not_exist_is_found():
    assert unknown_names('sum by (operator, moon) (rate(smpp_sessions{pod="a"}[5m]))') == [
        "smpp_sessions",
        "moon",
        "operator",
    ]
