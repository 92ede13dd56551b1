"""Figures of the throttle benchmark from arrival times."""

import json

import pytest

from loadtest.bench.simulator import Arrival
from loadtest.throttle.cases import Case, Load
from loadtest.throttle.figures import NS, Figures, batched, peak_in_a_second, shares_of, use_of
from loadtest.throttle.measuring import figures_of

MS = NS // 1000


def figures(*, peak_1s: int = 99, use: float = 0.9, shares: list[float]) -> Figures:
    return Figures("a case", limit=100, replicas=2, peak_1s=peak_1s, use=use, shares=shares)


def every(step_ms: int, number: int) -> list[int]:
    return [index * step_ms * MS for index in range(number)]


def test_the_peak_is_that_of_any_second():
    assert peak_in_a_second(every(125, 50)) == 8
    assert peak_in_a_second([0, 950 * MS, 990 * MS, 1040 * MS, 1900 * MS]) == 4


def test_two_arrivals_a_second_apart_are_not_in_the_same():
    assert peak_in_a_second([0, NS]) == 1


def test_use_is_the_share_of_the_limit():
    assert use_of(every(100, 101), limit=10) == 1.0
    assert use_of(every(125, 101), limit=10) == 0.8


def test_what_repeats_its_burst_each_second_uses_all_of_the_limit():
    bursts = [second * NS + index * MS for second in range(5) for index in range(10)]

    assert use_of(bursts, limit=10) == 1.0


def test_a_rest_is_no_batch():
    assert batched([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4]]


def test_shares_are_those_of_the_links_and_a_replica_without_one_has_none():
    assert shares_of([7, 3, 7, 7], replicas=3) == [0.75, 0.25, 0.0]


@pytest.mark.parametrize(
    ("peak_1s", "shares", "holds"),
    [
        (100, [0.5, 0.5], True),
        (101, [0.5, 0.5], False),
        (100, [0.75, 0.25], True),
        (100, [0.76, 0.24], False),
        (100, [1.0, 0.0], False),
    ],
)
def test_a_limit_holds_when_it_is_not_exceeded_and_each_replica_has_half_of_its_part(
    peak_1s: int, shares: list[float], holds: bool
):
    assert figures(peak_1s=peak_1s, shares=shares).holds is holds


def test_the_shares_of_an_unequal_load_are_those_before_the_others_stand_still():
    case = Case("a case", replicas=2, limit=10, load=Load.UNEQUAL)
    arrivals = [Arrival(at_ns, link) for at_ns, link in zip(every(100, 200), [1, 2] * 50 + [1] * 100, strict=True)]

    assert figures_of(case, arrivals, seconds=20).shares == pytest.approx([0.5, 0.5], abs=0.01)


def test_a_case_is_one_line_of_json():
    line = figures(use=0.97654, shares=[0.6004, 0.3996]).as_json()

    assert json.loads(line) == {
        "case": "a case",
        "limit": 100,
        "peak_1s": 99,
        "use": 0.9765,
        "replicas": 2,
        "shares": [0.6, 0.4],
        "fairness": 0.799,
    }
