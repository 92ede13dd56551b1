"""When a parent starts a dead child anew."""

import pytest

from core import restarts
from core.backoff import Backoff
from core.restarts import RestartPolicy


@pytest.fixture(autouse=True)
def _no_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "Backoff", lambda first_s, most_s: Backoff(first_s, most_s, spread=lambda: 0.0))


def deaths(policy: RestartPolicy, lived_s: float, count: int, now: float = 0.0) -> list[float]:
    delays = []
    for _ in range(count):
        policy.started(now)
        now += lived_s
        delays.append(policy.delay_s(now))
    return delays


def test_a_child_that_keeps_dying_is_started_ever_more_slowly_up_to_ten_seconds():
    policy = RestartPolicy()

    assert deaths(policy, 1.0, 9) == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert policy.restarts == 9


def test_a_child_that_lived_for_a_minute_has_earned_a_fresh_backoff():
    policy = RestartPolicy()
    deaths(policy, 1.0, 5)

    assert deaths(policy, 59.9, 1) == [3.2]
    assert deaths(policy, 60.0, 1) == [0.1]
    assert policy.restarts == 7


def test_a_child_that_never_started_is_tried_again_as_well():
    assert RestartPolicy().delay_s(1000.0) == 0.1
