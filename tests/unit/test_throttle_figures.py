"""Figures of the throttle benchmark from arrival times."""

import json

from loadtest.throttle.figures import NS, Figures, batched, peak_in_a_second, use_of

MS = NS // 1000


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


def test_a_case_is_one_line_of_json():
    line = Figures("a case", limit=100, replicas=2, peak_1s=99, use=0.97654).as_json()

    assert json.loads(line) == {"case": "a case", "limit": 100, "peak_1s": 99, "use": 0.9765, "replicas": 2}
