"""Growing waits between attempts."""

from collections.abc import Callable

import pytest

from core.backoff import Backoff


def waits(backoff: Backoff, count: int) -> list[float]:
    return [backoff.next_s() for _ in range(count)]


def backoff(spread: Callable[[], float] = lambda: 0.0) -> Backoff:
    return Backoff(5, 60, spread=spread)


def test_each_wait_is_twice_the_one_before_up_to_the_longest():
    assert waits(backoff(), 6) == [5, 10, 20, 40, 60, 60]


def test_waits_are_spread_by_a_tenth_but_never_beyond_the_longest():
    assert waits(backoff(lambda: 1.0), 6) == [5.5, 11, 22, 44, 60, 60]


def test_a_reset_begins_anew():
    growing = backoff()
    waits(growing, 3)
    growing.reset()

    assert (growing.attempts, growing.next_s(), growing.attempts) == (0, 5, 1)


@pytest.mark.parametrize(("lasted_s", "then"), [(9.9, [20, 40]), (10.0, [5, 10])])
def test_what_lasted_as_long_as_the_wait_before_it_begins_anew(lasted_s: float, then: list[float]):
    growing = backoff()
    waits(growing, 2)
    growing.lasted(lasted_s)

    assert waits(growing, 2) == then


def test_a_fault_each_minute_is_waited_for_as_briefly_as_the_first():
    faulty = backoff()
    found = []
    for _ in range(30):
        found.append(faulty.next_s())
        faulty.lasted(60 - found[-1])

    assert found == [5] * 30


def test_thousands_of_attempts_do_not_overflow():
    assert waits(backoff(), 5000)[-1] == 60


@pytest.mark.parametrize("_", range(20))
def test_its_own_spread_stays_within_a_tenth(_: int):
    assert 5 <= Backoff(5, 60).next_s() <= 5.5
