"""The TPS limit while Redis is away: each replica keeps to its share, and a replica that is alone in it to nothing."""

import pytest

from core.share import ASK_EVERY_S, HEARD_FOR_S, IN_TOUCH_S, LISTEN_S, RETURN_S, ShareOfLimit

HELD_S = 0.03
START = 1000.0
LOST = START + 60.0
"""The last answer of Redis; a second later it does not answer."""
SHARING = LOST + LISTEN_S


def share(tps: float = 100, replicas: int = 2, *, joined: float = START) -> ShareOfLimit:
    """Of a replica that Redis has answered until LOST."""
    made = ShareOfLimit(tps, HELD_S)
    made.answered(replicas, joined)
    made.answered(replicas, LOST)
    made.failed(LOST + 1.0)
    return made


def test_while_redis_answers_nothing_is_spent_without_it():
    made = ShareOfLimit(100, HELD_S)
    made.answered(2, START)

    assert (made.is_away, made.left(START + 100), made.waits_s(START)) == (False, 0, 0)


def test_before_a_replica_sends_by_its_share_the_others_have_time_to_speak():
    made = share()

    assert [made.left(SHARING - 0.01), made.left(SHARING)] == [0, 50]


@pytest.mark.parametrize(("tps", "replicas", "permits"), [(100, 3, 33), (100, 1, 100), (10, 4, 2), (1, 2, 1)])
def test_the_share_is_that_of_the_replicas_that_redis_counted_last(tps: float, replicas: int, permits: int):
    assert share(tps, replicas).left(SHARING) == permits


def test_a_share_is_not_exceeded_in_any_second():
    made = share(tps=10)
    made.spend(3, SHARING)
    made.spend(2, SHARING + 0.5)

    assert made.left(SHARING + 0.6) == 0
    assert made.next_permit_s(SHARING + 0.6) == pytest.approx(0.4 + HELD_S)
    assert [made.left(SHARING + 1 + HELD_S + passed_s) for passed_s in (-0.01, 0.0, 0.5)] == [0, 3, 5]


def test_a_share_of_less_than_one_is_one_in_a_longer_time():
    made = share(tps=1, replicas=2)
    made.spend(1, SHARING)

    assert [made.left(SHARING + 2 + HELD_S + passed_s) for passed_s in (-0.01, 0.0)] == [0, 1]


def test_a_replica_that_alone_has_lost_redis_sends_nothing():
    made = share()
    made.heard(LOST + 1.5)

    assert [made.left(LOST + 1.5 + HEARD_FOR_S + passed_s) for passed_s in (-0.01, 0.0)] == [0, 50]


def test_it_stops_at_once_when_another_one_is_answered_again():
    made = share()
    assert made.left(SHARING + 10) == 50
    made.heard(SHARING + 10)

    assert (made.left(SHARING + 10), made.next_permit_s(SHARING + 10)) == (0, ASK_EVERY_S)


def test_a_replica_of_which_the_others_may_not_know_yet_has_no_share():
    assert share(joined=LOST - IN_TOUCH_S + 0.1).left(SHARING) == 0


def test_a_replica_that_was_not_in_touch_when_redis_went_has_no_share():
    """Its operator was not bound: the others have not counted it."""
    made = ShareOfLimit(100, HELD_S)
    made.answered(2, START)
    made.answered(2, LOST)
    made.failed(LOST + IN_TOUCH_S + 0.1)

    assert made.left(LOST + 100) == 0


def test_a_replica_that_redis_has_never_answered_has_no_share():
    made = ShareOfLimit(100, HELD_S)
    made.failed(START)

    assert made.left(START + 100) == 0


def test_after_a_long_absence_the_others_are_told_and_have_time_to_stop():
    made = share()
    made.spend(7, SHARING)

    assert made.spent(SHARING + 0.5) == 7
    assert made.answered(2, SHARING + 0.5)
    assert (made.is_away, made.left(SHARING + 0.5)) == (False, 0)
    assert made.waits_s(SHARING + 0.5) == RETURN_S
    assert made.waits_s(SHARING + 0.5 + RETURN_S) == 0


def test_after_a_short_absence_nothing_has_to_be_told():
    made = share()

    assert not made.answered(2, SHARING - 0.1)
    assert made.waits_s(SHARING - 0.1) == 0


def test_a_new_limit_is_shared_at_once():
    made = share()
    made.spend(30, SHARING)

    made.configure(200)

    assert made.left(SHARING) == 70
