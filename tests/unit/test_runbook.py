"""The runbook: every section is complete, and whatever names one names one that is there."""

import re
from pathlib import Path

import pytest
from runbook import RUNBOOK, anchors, sections

from adapters.telemetry.metric_table import METRICS

INTRODUCTION = "Before you begin"
PARTS = ("**Symptom.**", "**First.**", "**Read", "**Do.**", "**Recovered**")
WANTED = (
    "Session down",
    "Credential rotation",
    "TPS breach",
    "Failover",
    "Unmatched receipts",
    "Backlog",
    "Certificate",
    "Database slow",
    "Total restart",
)

SECTIONS = {name: text for name, text in sections().items() if name != INTRODUCTION}


def test_there_is_a_section_for_whatever_pages():
    assert set(WANTED) <= SECTIONS.keys()


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_has_symptom_first_command_reading_action_and_proof(section: str):
    places = [SECTIONS[section].find(part) for part in PARTS]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_help_text_says_what_to_do_and_names_a_section_that_is_there(metric):
    assert re.search(r": \w.+\.$", metric.help), "what is seen, a colon, and what to do"
    named = re.findall(r"runbook, ([\w ]+)[.;]", metric.help)
    assert [name for name in named if name.lower() not in (section.lower() for section in SECTIONS)] == []


def test_every_link_of_the_runbook_leads_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", RUNBOOK.read_text()):
        page, _, section = target.partition("#")
        path = RUNBOOK.parent / page if page else RUNBOOK
        assert path.exists(), target
        assert not section or section in anchors(path), target


def test_every_metric_that_the_runbook_names_exists():
    named = set(re.findall(r"\bsmpp_\w+", RUNBOOK.read_text()))
    assert named - {metric.name for metric in METRICS} == set()


def test_every_alert_has_its_section_and_stands_in_it():
    rules = (Path(RUNBOOK).parents[1] / "helm" / "smpp-connector" / "files" / "alerts.yaml").read_text()
    for alert, section in re.findall(r"alert: (\w+).*?runbook_url: docs/runbook.md#([\w-]+)", rules, re.DOTALL):
        (text,) = [text for name, text in SECTIONS.items() if name.lower().replace(" ", "-") == section]
        assert alert in text
