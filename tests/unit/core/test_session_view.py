"""One session as its OperatorActor sees it."""

import pytest

from core.order_queue import Order
from core.pace import Pace
from core.session_view import SessionView
from messages.lanes import MessageContext
from smpp.message_id import IdRule


def order(key: int, held_since: float = 0.0) -> Order:
    context = MessageContext("m", "mno", 1, 1, "reply", True, 60.0, IdRule.STRING, {}, "", False)
    return Order(key, b"", context, b"", 0, None, 0.0, held_since)


def view(in_hand: int = 0, window: int = 10) -> SessionView:
    return SessionView("s", window, 1, Pace(100), in_hand={key: order(key) for key in range(in_hand)})


def bound(in_hand: int = 0, window: int = 10) -> SessionView:
    made = view(in_hand, window)
    made.bind("TRX")
    return made


def test_a_session_is_unbound_at_first_and_says_why():
    one = view()

    assert (one.bound, one.reason, one.free_slots(0.0), one.held_back_s(0.0)) == (False, "not bound yet", 0, 0)


def test_a_bound_session_has_its_window_less_what_is_in_hand():
    one = bound(in_hand=3)

    assert (one.bound, one.endpoint, one.mode, one.reason, one.free_slots(0.0)) == (True, 1, "TRX", "", 7)


def test_an_unbound_session_has_no_room_and_says_why():
    one = bound()
    one.unbind("link lost")

    assert (one.bound, one.reason, one.free_slots(0.0)) == (False, "link lost", 0)


def test_a_paused_session_has_no_room_and_says_for_how_long():
    one = bound()
    one.pace.throttled(100.0)

    assert (one.free_slots(100.2), one.held_back_s(100.2)) == (0, pytest.approx(0.3))


def test_the_trial_after_a_pause_waits_until_what_went_out_before_is_answered():
    one = bound(in_hand=2)
    one.pace.throttled(100.0)
    room = [one.free_slots(100.5)]
    one.in_hand.clear()

    assert [*room, one.free_slots(100.5)] == [0, 1]


def test_after_the_trial_the_room_is_what_window_and_pace_allow():
    one = bound(in_hand=7)
    one.pace.accepted(100, 100.0)
    one.pace.throttled(100.0)
    one.pace.accepted(1, 100.5)

    assert [one.free_slots(now) for now in (100.5, 100.52, 100.6)] == [0, 1, 3]


def test_what_a_paced_session_is_handed_counts_for_its_pace():
    one = bound()
    one.pace.accepted(50, 100.0)
    one.pace.throttled(100.0)
    one.pace.accepted(1, 100.5)
    room = one.free_slots(100.61)
    for key in range(room):
        one.hand_over(order(key))

    assert (room, one.free_slots(100.61), list(one.in_hand)) == (4, 0, [0, 1, 2, 3])
    assert 0 < one.held_back_s(100.61) < 0.03


def test_a_new_bind_has_the_old_ones_full_rate_and_neither_its_pause_nor_its_pace():
    one = bound()
    one.pace.throttled(100.0)
    one.bind("TRX")

    assert (one.free_slots(100.0), one.pace.is_limited, one.pace.full_tps) == (10, False, 100)


def test_what_is_in_hand_for_too_long_is_taken_out():
    one = bound()
    one.in_hand = {1: order(1, held_since=9.9), 2: order(2, held_since=10.0)}

    assert [old.key for old in one.take_older_than(10.0)] == [1]
    assert list(one.in_hand) == [2]
