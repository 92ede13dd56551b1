"""How fast a bind may submit after its SMSC has asked for less."""

from collections import deque

import pytest

from core.pace import Pace

NOW = 1000.0


def throttled(took: int = 100, full_tps: float = 100) -> Pace:
    """The SMSC has taken so many in a second, and then asked for less."""
    pace = Pace(full_tps)
    pace.accepted(took, NOW)
    pace.throttled(NOW)
    return pace


def trial_accepted(took: int = 100, full_tps: float = 100) -> Pace:
    pace = throttled(took, full_tps)
    pace.accepted(1, NOW + 0.5)
    return pace


def spend_all(pace: Pace, now: float) -> int:
    room = pace.room(now)
    for _ in range(room):
        pace.spend()
    return room


def test_a_bind_that_was_never_throttled_has_no_limit_and_waits_for_nothing():
    pace = Pace(100)
    pace.accepted(500, NOW)

    assert (pace.is_limited, pace.on_trial, pace.wait_s(NOW)) == (False, False, 0)


def test_a_throttled_answer_pauses_the_bind_and_the_next_order_is_a_trial():
    pace = throttled()

    assert (pace.paused_until, pace.wait_s(NOW + 0.2), pace.on_trial) == (NOW + 0.5, pytest.approx(0.3), True)


def test_answers_to_what_went_out_before_the_pause_neither_lengthen_nor_end_it():
    pace = throttled()

    assert [pace.throttled(NOW + 0.4), pace.accepted(1, NOW + 0.4)] == [False, None]
    assert (pace.paused_until, pace.on_trial) == (NOW + 0.5, True)


def test_each_refused_trial_doubles_the_pause_up_to_eight_seconds():
    pace, now, pauses = Pace(100), NOW, []

    for _ in range(6):
        assert pace.throttled(now)
        pauses.append(pace.wait_s(now))
        now = pace.paused_until

    assert pauses == [0.5, 1, 2, 4, 8, 8]


def test_an_accepted_trial_ends_the_pauses_and_the_next_one_is_short_again():
    pace = throttled()
    pace.throttled(NOW + 0.5)
    pace.accepted(1, NOW + 1.5)
    pace.throttled(NOW + 2)

    assert pace.paused_until == NOW + 2.5


def test_the_pace_goes_on_with_four_fifths_of_what_the_smsc_took():
    pace = trial_accepted(took=50)
    start = NOW + 0.5

    rooms = [spend_all(pace, start + step / 20) for step in range(1, 21)]
    assert sum(rooms) == pytest.approx(40, abs=2)
    assert max(rooms) <= 3


def test_the_pace_rises_steadily_to_the_full_rate_and_then_there_is_no_limit():
    pace = trial_accepted(took=50)
    start = NOW + 0.5

    in_each_second = [sum(spend_all(pace, start + second + step / 50) for step in range(1, 51)) for second in range(29)]
    assert in_each_second == sorted(in_each_second)
    assert (in_each_second[0], in_each_second[-1]) == (pytest.approx(41, abs=1), pytest.approx(97, abs=2))
    assert pace.is_limited
    pace.room(start + 31)
    assert not pace.is_limited


def test_a_further_refusal_cuts_the_pace_again_and_never_below_one_a_second():
    pace = trial_accepted(took=2)
    for number in range(20):
        pace.throttled(NOW + 10 * (number + 1))
    pace.accepted(1, NOW + 300)

    assert spend_all(pace, pace.paused_until + 1) == 1


def test_what_was_not_used_cannot_be_caught_up_later():
    pace = trial_accepted(took=50)

    assert pace.room(NOW + 2) == 4


def test_a_bind_without_room_waits_for_the_next_permit_and_not_less_than_a_wake_up_is_worth():
    pace = trial_accepted(took=10)
    spend_all(pace, NOW + 0.625)

    assert pace.wait_s(NOW + 0.625) == pytest.approx(0.12, abs=0.01)
    fast = trial_accepted(took=5000, full_tps=5000)
    spend_all(fast, NOW + 0.6)
    assert fast.wait_s(NOW + 0.6) == 0.01


def test_while_the_trial_is_out_nothing_has_to_be_waited_for():
    assert throttled().wait_s(NOW + 0.6) == 0


def test_a_slow_operator_is_not_cut_below_its_rate():
    pace = throttled(took=0, full_tps=0.2)

    assert spend_all(pace, pace.paused_until + 5) == 1


@pytest.mark.parametrize("smsc_tps", [20, 50, 90])
def test_a_bind_at_an_smsc_that_takes_less_than_agreed_finds_its_pace(smsc_tps: int):
    """Simulated for two minutes: at least three quarters of what the SMSC takes, few refusals."""
    pace, taken, refused, accepted = Pace(100), deque[float](), 0, 0
    for step in range(120 * 500):
        now = NOW + step / 500
        while taken and taken[0] <= now - 1:
            taken.popleft()
        if now < pace.paused_until or (pace.is_limited and not pace.on_trial and not pace.room(now)) or step % 5:
            continue
        if pace.is_limited:
            pace.spend()
        if len(taken) < smsc_tps:
            taken.append(now)
            accepted += 1
            pace.accepted(1, now)
        else:
            refused += 1
            pace.throttled(now)

    assert accepted >= 0.75 * smsc_tps * 120
    assert refused <= 0.03 * accepted
