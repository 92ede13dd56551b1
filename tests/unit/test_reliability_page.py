"""The table of docs/reliability.md is written row by row, by the run."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import reliability_page
from chaos_trial import Verdict
from reckoning import Reckoning
from reliability_page import BEGIN, END, HEADER, Summary, write_rows

CUT = Verdict("links cut", Reckoning(accepted=6300, sent=6940, unique=6930, unknown=12, final_events=6300), 1.25)
KILL = Verdict("SIGKILL", Reckoning(accepted=10, sent=10, unique=10, final_events=10), 0.0)
ROW_OF_CUT = "| links cut | 6,300 | 0 | 6,940 | 10 | 12 | 6,300 | 1.2 s | 2026-11-23 |"
ROW_OF_KILL = "| SIGKILL | 10 | 0 | 10 | 0 | 0 | 10 | 0.0 s | 2026-11-23 |"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reliability_page, "today", lambda: date(2026, 11, 23))


def page_with(*rows: str) -> str:
    return "\n".join(("# Reliability", "", BEGIN, "", *HEADER, *rows, "", END, "", "More.", ""))


def test_a_new_case_gets_a_row_and_one_that_was_there_another(tmp_path: Path):
    page = tmp_path / "reliability.md"
    page.write_text(page_with("| SIGKILL | 1 | 0 | 1 | 0 | 0 | 1 | 0.0 s | 2026-01-01 |"))

    write_rows(page, [CUT, KILL])

    assert page.read_text() == page_with(ROW_OF_KILL, ROW_OF_CUT)


def test_a_case_that_failed_says_so(tmp_path: Path):
    page = tmp_path / "reliability.md"
    page.write_text(page_with())

    write_rows(page, [replace(KILL, reckoning=replace(KILL.reckoning, problems=["1 messages lost: m-1"]))])

    assert page.read_text() == page_with(ROW_OF_KILL.replace("| SIGKILL |", "| SIGKILL: failed |"))


def test_the_summary_adds_up_all_cases():
    failed = Reckoning(accepted=5, lost=1, without_final_event=1, problems=["1 messages lost: m-1"])

    assert json.loads(Summary([CUT, KILL, Verdict("worse", failed, 0.0)]).as_json()) == {
        "cases": 3,
        "passed": 2,
        "accepted": 6315,
        "lost": 1,
        "duplicated": 10,
        "unknown": 12,
        "without_final_event": 1,
    }
