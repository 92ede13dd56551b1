"""Which session is bound anew next."""

from core.renewals import Renewal, Renewals

FIRST, SECOND, THIRD = "session@mno@0.0", "session@mno@0.1", "session@mno@0.2"
ALL_BOUND = {FIRST: True, SECOND: True, THIRD: True}
NOBODY: frozenset[str] = frozenset()
WHY = "settings changed"


def wanted(*sessions: str) -> Renewals:
    renewals = Renewals()
    for session in sessions:
        renewals.want(session, WHY)
    return renewals


def test_nothing_is_renewed_that_is_not_wanted():
    assert wanted().next(ALL_BOUND, NOBODY) is None


def test_one_bound_session_is_renewed_at_a_time():
    renewals = wanted(SECOND, FIRST)
    assert renewals.next(ALL_BOUND, NOBODY) == Renewal(FIRST, WHY)
    assert renewals.next(ALL_BOUND, frozenset({FIRST})) is None


def test_the_next_waits_until_the_one_before_is_bound_again():
    renewals = wanted(FIRST, SECOND)
    renewals.next(ALL_BOUND, NOBODY)
    assert renewals.next({**ALL_BOUND, FIRST: False}, NOBODY) is None
    assert renewals.next(ALL_BOUND, NOBODY) == Renewal(SECOND, WHY)
    assert renewals.next(ALL_BOUND, NOBODY) is None


def test_the_next_does_not_wait_for_one_that_is_gone():
    renewals = wanted(FIRST, SECOND)
    renewals.next(ALL_BOUND, NOBODY)
    assert renewals.next({SECOND: True}, NOBODY) == Renewal(SECOND, WHY)


def test_a_session_that_is_not_bound_waits_for_no_other():
    renewals = wanted(FIRST, SECOND, THIRD)
    renewals.next(ALL_BOUND, NOBODY)
    bound = {FIRST: False, SECOND: True, THIRD: False}
    assert renewals.next(bound, NOBODY) == Renewal(THIRD, WHY)
    assert renewals.next(bound, NOBODY) is None


def test_one_that_came_back_by_wrong_settings_is_renewed_at_once_by_the_next_ones():
    renewals = wanted(FIRST, SECOND)
    renewals.next(ALL_BOUND, NOBODY)
    renewals.want(FIRST, "credentials changed")
    assert renewals.next({**ALL_BOUND, FIRST: False}, NOBODY) == Renewal(FIRST, "credentials changed")


def test_a_session_that_is_being_drained_is_not_renewed_again():
    assert wanted(FIRST).next(ALL_BOUND, frozenset({FIRST})) is None


def test_a_session_that_has_ended_is_forgotten():
    renewals = wanted(FIRST)
    renewals.forget(FIRST)
    assert renewals.next(ALL_BOUND, NOBODY) is None


def test_a_session_that_waits_for_its_turn_is_known_to_wait():
    renewals = wanted(FIRST)
    assert [renewals.concern(session) for session in (FIRST, SECOND)] == [True, False]
    renewals.next(ALL_BOUND, NOBODY)
    assert not renewals.concern(FIRST)
