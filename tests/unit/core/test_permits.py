"""Permits of the TPS limit as one replica holds them."""

import pytest

from core.permits import CALM_S, FULL_VALIDITY_S, MOST_VALIDITY_S, SLOW_VALIDITY_S, Permits

NOW = 1000.0


def granted(count: int, tps: float = 100) -> Permits:
    permits = Permits(tps)
    permits.granted(count, NOW + 0.1)
    return permits


def test_permits_can_be_spent_until_their_validity_ends():
    permits = granted(10)

    assert [permits.left(now) for now in (NOW, NOW + 0.099, NOW + 0.1, NOW + 5)] == [10, 10, 0, 0]
    assert permits.tps == 100


def test_spent_permits_are_gone():
    permits = granted(10)
    permits.spend(4, NOW)
    permits.spend(6, NOW)

    assert permits.left(NOW) == 0


def test_unused_permits_are_handed_back_once():
    permits = granted(10)
    permits.spend(4, NOW)

    assert (permits.unused(), permits.unused(), permits.left(NOW)) == (6, 0, 0)


def test_a_new_grant_takes_the_place_of_the_one_before():
    permits = granted(10)
    permits.granted(3, NOW + 1)

    assert permits.left(NOW + 0.5) == 3


def test_the_rate_is_that_of_the_last_second():
    permits = granted(1000)
    permits.spend(50, NOW)
    permits.spend(50, NOW + 0.5)

    rates = [permits.used_tps(NOW + passed_s) for passed_s in (0.9, 1.0, 1.5, 2.0)]
    assert rates == [100, 100, pytest.approx(50), 0]


def test_a_long_silence_is_a_rate_of_nothing():
    permits = granted(100)
    permits.spend(100, NOW)

    assert permits.used_tps(NOW + 3600) == 0


@pytest.mark.parametrize(
    ("tps", "waiting", "wish"),
    [
        (100, 0, (8, SLOW_VALIDITY_S)),
        (100, 1, (8, SLOW_VALIDITY_S)),
        (100, 10, (10, SLOW_VALIDITY_S)),
        (100, 11, (2, FULL_VALIDITY_S)),
        (100, 500, (2, FULL_VALIDITY_S)),
        (1000, 100, (100, SLOW_VALIDITY_S)),
        (1000, 101, (12, FULL_VALIDITY_S)),
        (5, 1, (1, FULL_VALIDITY_S)),
        (0.5, 1, (1, FULL_VALIDITY_S)),
    ],
)
def test_the_next_lease_is_as_large_and_as_long_as_the_queue_needs(tps: float, waiting: int, wish: tuple[int, float]):
    assert Permits(tps).wish(waiting, NOW) == wish


def test_a_new_limit_leaves_what_is_leased_and_holds_from_the_next_lease_on():
    permits = granted(10)
    permits.spend(4, NOW)

    permits.configure(5)

    assert (permits.left(NOW), permits.tps, permits.used_tps(NOW)) == (6, 5, 4)
    assert permits.wish(100, NOW) == (1, FULL_VALIDITY_S)


def test_after_a_higher_limit_the_same_rate_is_no_longer_near_it():
    permits = granted(71)
    permits.spend(71, NOW)

    permits.configure(200)

    assert permits.wish(1, NOW) == (8, SLOW_VALIDITY_S)


def test_near_the_limit_leases_are_short():
    permits = granted(71)
    permits.spend(71, NOW)

    assert permits.wish(1, NOW) == (1, FULL_VALIDITY_S)


def test_each_lease_that_came_too_late_makes_the_next_twice_as_long_up_to_a_second():
    permits = Permits(100)
    validities_s = []
    for _ in range(9):
        validities_s.append(permits.wish(100, NOW)[1])
        permits.came_late()
        permits.came_late()

    doubled_s = [FULL_VALIDITY_S * 2**times for times in range(7)]
    assert validities_s == [*doubled_s, doubled_s[-1], doubled_s[-1]]
    assert permits.wish(1, NOW) == (8, MOST_VALIDITY_S)


def test_a_longer_lease_is_a_larger_one():
    permits = Permits(1000)
    permits.came_late()

    assert permits.wish(500, NOW) == (24, 2 * FULL_VALIDITY_S)


def test_leases_get_shorter_again_when_none_has_come_too_late_for_some_time():
    permits = Permits(100)
    for _ in range(2):
        permits.came_late()
        permits.wish(100, NOW)

    later = [permits.wish(100, NOW + passed_s)[1] for passed_s in (CALM_S - 0.1, CALM_S, CALM_S + 0.1, 2 * CALM_S)]
    assert [validity_s / FULL_VALIDITY_S for validity_s in later] == [4, 2, 2, 1]
