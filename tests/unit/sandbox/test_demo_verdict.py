"""When the demonstration is content, what it says when not, and its figures."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from sandbox.demo.audit import Case, cases_of, ledger_problems, message_problems, stray_problems
from sandbox.demo.cast import Role
from sandbox.demo.dispatches import DemoMessage
from sandbox.demo.following import Final
from sandbox.demo.play import Outcome
from sandbox.demo.report import Figures, figures_of, percentile, table_of
from sandbox.demo.sightings import Sighting

MESSAGE = DemoMessage("demo-000001", "alpha", "Sandbox", "999000000001", "hello", "en")
DELIVERED = Final("DELIVERED", 12.0)
WELL = Outcome({MESSAGE.message_id: 10.0}, {MESSAGE.message_id: [DELIVERED]}, [])
GOOD_REPORT = {
    "messages": {"messages": 1, "segments": 0, "duplicated": 0, "incomplete": 0},
    "binds": {"total_by_mode": {"receiver": 1, "transmitter": 1}},
}


def seen(*texts: str, first_at: float = 10.5) -> Sighting:
    sighting = Sighting(first_at, 1)
    for text in texts:
        sighting.texts[1].append(text)
    return sighting


def a_case(finals: tuple[Final, ...] = (DELIVERED,), sighting: Sighting | None = None) -> Case:
    return Case(MESSAGE, 10.0, finals, sighting or seen("hello"))


class TestAudit:
    def test_a_message_that_went_well_is_no_problem(self) -> None:
        cases = cases_of([MESSAGE], WELL, {"alpha": {MESSAGE.to: seen("hello")}})
        assert cases == [Case(MESSAGE, 10.0, [DELIVERED], seen("hello"))]
        assert list(message_problems(cases)) == []

    @pytest.mark.parametrize(
        ("case", "problem"),
        [
            (replace(a_case(), published_at=None), "not published"),
            (a_case(finals=()), "without a final event"),
            (a_case(finals=(DELIVERED, DELIVERED)), "with more than one final event"),
            (a_case(finals=(Final("UNKNOWN", 12.0),)), "with a final event, but not delivered"),
            (replace(a_case(), sighting=None), "never at the operator"),
            (a_case(sighting=seen("hello", "hello")), "at the operator, but not once and whole"),
            (a_case(sighting=seen("hell")), "at the operator with another text"),
        ],
    )
    def test_what_is_wrong_is_said_with_the_message_id(self, case: Case, problem: str) -> None:
        assert list(message_problems([case])) == [f"1 {problem}: demo-000001"]

    def test_many_message_ids_are_cut_short(self) -> None:
        cases = [replace(a_case(finals=()), message=replace(MESSAGE, message_id=f"m{number}")) for number in range(51)]
        (problem,) = message_problems(cases)
        assert problem.startswith("51 without a final event: m0, m1, ")
        assert problem.endswith("m48, m49, ...")

    def test_events_of_unknown_messages_are_said(self) -> None:
        outcome = Outcome({}, {"demo-000001": [DELIVERED], "demo-000099": [DELIVERED]}, [])
        assert list(stray_problems([a_case()], outcome)) == ["1 with a final event, but not ours: demo-000099"]

    def test_dead_dispatches_are_said_by_reason(self) -> None:
        outcome = Outcome({}, {}, ["not JSON", "not JSON"])
        assert list(stray_problems([a_case()], outcome)) == ["2 on sms.dead.dispatch: not JSON"]

    def test_a_ledger_that_agrees_is_no_problem(self) -> None:
        assert list(ledger_problems([a_case()], {"alpha": GOOD_REPORT})) == []

    def test_a_ledger_that_does_not_agree_is_told(self) -> None:
        report = {**GOOD_REPORT, "messages": {"messages": 2, "segments": 0, "duplicated": 1, "incomplete": 0}}
        assert list(ledger_problems([a_case()], {"alpha": report})) == [
            "alpha counted {'messages': 2, 'duplicated': 1, 'incomplete': 0}, "
            "not {'messages': 1, 'duplicated': 0, 'incomplete': 0}"
        ]


class TestFigures:
    @pytest.mark.parametrize(
        ("values", "percent", "expected"),
        [([3.0], 99, 3.0), ([4.0, 1.0, 3.0, 2.0], 50, 2.0), (range(1, 101), 99, 99), (range(1, 1001), 99, 990)],
    )
    def test_percentiles_by_nearest_rank(self, values: list[float], percent: float, expected: float) -> None:
        assert percentile(values, percent) == expected

    def test_latencies_and_rate_count_from_the_publish(self) -> None:
        later = Case(replace(MESSAGE, message_id="demo-000002"), 11.0, (Final("DELIVERED", 14.0),), seen("hello"))
        assert figures_of([a_case(), later]) == Figures(
            submitted=2, segments=2, delivered=2, to_submit_s=[0.5, -0.5], to_receipt_s=[2.0, 3.0], rate=0.5
        )

    def test_without_any_message_the_table_still_stands(self) -> None:
        assert figures_of([replace(a_case(), published_at=None)]) == Figures(0, 0, 0, [], [], 0.0)

    def test_the_table_has_a_row_for_each_operator_and_one_for_all(self) -> None:
        console = Console(file=StringIO(), width=120)
        console.print(table_of([a_case()], [Role("alpha", "Alpha", "", {}, {})], {"alpha": GOOD_REPORT}))
        assert isinstance(console.file, StringIO)
        rows = [line.split("│")[1:-1] for line in console.file.getvalue().splitlines() if line.startswith("│")]
        assert [[cell.strip() for cell in row] for row in rows] == [
            ["alpha", "1 TX + 1 RX", "1", "1", "1", "500 / 500 ms", "2000 / 2000 ms", "0"],
            ["all", "", "1", "1", "1", "500 / 500 ms", "2000 / 2000 ms", "0"],
        ]
