"""What a run of the crash matrix came to: lines for people, one JSON object for programs, a table for the page."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from chaos_trial import Verdict

BEGIN, END = "<!-- the crash matrix: written by `make chaos` -->", "<!-- the end of the crash matrix -->"
HEADER = (
    "| case | accepted | lost | submit_sm | of them repeated | counted as unknown | final events | full rate | day |",
    "|---|---|---|---|---|---|---|---|---|",
)


FAILED = ": failed"


@dataclass
class Summary:
    """All the cases of a run."""

    verdicts: list[Verdict] = field(default_factory=list)

    def as_json(self) -> str:
        found = [verdict.reckoning for verdict in self.verdicts]
        return json.dumps({
            "cases": len(found),
            "passed": sum(not one.problems for one in found),
            "accepted": sum(one.accepted for one in found),
            "lost": sum(one.lost for one in found),
            "duplicated": sum(one.duplicated for one in found),
            "unknown": sum(one.unknown for one in found),
            "without_final_event": sum(one.without_final_event for one in found),
        })  # fmt: skip


def write_rows(page: Path, verdicts: list[Verdict]) -> None:
    """Into the page's table: a new row, or another in the place of one that has the same case."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    table, _, after = rest.partition(END)
    rows = {_case_of(row): row for row in table.strip().splitlines()[len(HEADER) :]}
    rows |= {verdict.name: _row(verdict) for verdict in verdicts}
    lines = (before + BEGIN, "", *HEADER, *rows.values(), "", END + after)
    page.write_text("\n".join(lines), encoding="utf-8")


def _case_of(row: str) -> str:
    return row.split("|")[1].strip().removesuffix(FAILED)


def today() -> date:
    return datetime.now(UTC).date()


def _row(verdict: Verdict) -> str:
    found = verdict.reckoning
    figures = (found.accepted, found.lost, found.sent, found.duplicated, found.unknown, found.final_events)
    name = verdict.name + FAILED if found.problems else verdict.name
    cells = (name, *(f"{figure:,}" for figure in figures), f"{verdict.full_rate_s:.1f} s", today())
    return f"| {' | '.join(map(str, cells))} |"
