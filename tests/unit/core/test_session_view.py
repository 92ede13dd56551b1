"""One session as its OperatorActor sees it."""

from core.order_queue import Order
from core.session_view import SessionView
from messages.lanes import MessageContext
from smpp.message_id import IdRule


def order(key: int, held_since: float = 0.0) -> Order:
    context = MessageContext("m", "mno", 1, 1, "reply", True, 60.0, IdRule.STRING, {}, "", False)
    return Order(key, b"", context, b"", 0, None, 0.0, held_since)


def bound(in_hand: int = 0, window: int = 10) -> SessionView:
    view = SessionView("s", window, endpoint=1, in_hand={key: order(key) for key in range(in_hand)})
    view.bind("TRX")
    return view


def test_a_session_is_unbound_at_first_and_says_why():
    view = SessionView("s", 10, endpoint=1)

    assert (view.bound, view.reason, view.free_slots(0.0)) == (False, "not bound yet", 0)


def test_a_bound_session_has_its_window_less_what_is_in_hand():
    view = bound(in_hand=3)

    assert (view.bound, view.endpoint, view.mode, view.reason, view.free_slots(0.0)) == (True, 1, "TRX", "", 7)


def test_an_unbound_session_has_no_room_and_says_why():
    view = bound()
    view.unbind("link lost")

    assert (view.bound, view.reason, view.free_slots(0.0)) == (False, "link lost", 0)


def test_a_second_throttled_answer_of_the_same_pause_does_not_lengthen_it():
    view = bound()
    view.throttled(100.0)
    view.throttled(100.4)

    assert view.paused_until == 100.5


def test_the_trial_after_a_pause_waits_until_what_went_out_before_is_answered():
    view = bound(in_hand=2)
    view.throttled(100.0)
    room = [view.free_slots(100.5)]
    view.in_hand.clear()

    assert [*room, view.free_slots(100.5)] == [0, 1]


def test_a_good_answer_after_the_pause_opens_the_window_and_shortens_the_next_pause():
    view = bound()
    view.throttled(100.0)
    view.throttled(101.0)
    view.answered_well(102.0)
    room = view.free_slots(102.0)
    view.throttled(103.0)

    assert (room, view.paused_until) == (10, 103.5)


def test_what_is_in_hand_for_too_long_is_taken_out():
    view = bound()
    view.in_hand = {1: order(1, held_since=9.9), 2: order(2, held_since=10.0)}

    assert [one.key for one in view.take_older_than(10.0)] == [1]
    assert list(view.in_hand) == [2]
