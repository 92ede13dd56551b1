"""A rate of the last second, from two counts."""

import pytest

from core.recent_rate import RecentRate

NOW = 1000.0


def test_the_rate_is_that_of_the_last_second_and_fades():
    rate = RecentRate()
    rate.add(50, NOW)
    rate.add(50, NOW + 0.5)

    assert [rate.per_s(NOW + passed_s) for passed_s in (0.9, 1.0, 1.5, 2.0)] == [100, 100, pytest.approx(50), 0]


def test_a_long_silence_is_a_rate_of_nothing():
    rate = RecentRate()
    rate.add(100, NOW)

    assert rate.per_s(NOW + 3600) == 0
