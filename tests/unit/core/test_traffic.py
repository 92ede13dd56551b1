"""An operator's submits between router and sessions: where each goes, and what becomes of it."""

import itertools
from collections.abc import Iterable
from typing import Any

import pytest

from config.answers import Action
from config.operators import MOST_HELD_S, Endpoint, EndpointRole, OperatorConfig, RetryConfig, Timers, UnknownOutcome
from core.order_queue import Order
from core.traffic import GIVE_BACK_DELAY_S, UNSURE_DELAY_S, Complaint, LastWords, Traffic
from messages.lanes import Concluded, Conclusion, MessageContext, Refusal, Return, SubmitReport, Unsubmitted
from smpp.constants import CommandStatus as Status
from smpp.message_id import IdRule

A, B = "session a", "session b"
PRIMARY, BACKUP = 0, 1
WINDOW = 4
PLENTY = 100  # permits
NOW = 1000.0  # monotonic
WALL_NOW = 1_700_000_000.0
KEYS = itertools.count(1)


def operator(
    unknown_outcome: UnknownOutcome = UnknownOutcome.RESEND,
    window: int = WINDOW,
    response_s: float = 10.0,
    **settings: Any,
) -> OperatorConfig:
    return OperatorConfig(
        operator_id="mno",
        endpoints=(Endpoint(host="smsc", port=2775), Endpoint(host="other", port=2775, role=EndpointRole.BACKUP)),
        window=window,
        unknown_outcome=unknown_outcome,
        timers=Timers(response_s=response_s),
        **settings,
    )


def context(message_id: str, segment: int = 1, segments: int = 1) -> MessageContext:
    return MessageContext(
        message_id=message_id,
        operator_id="mno",
        segment=segment,
        segments=segments,
        reply=f"reply of {message_id}",
        request_dlr=True,
        receipt_ttl_s=3600,
        id_rule=IdRule.STRING,
        metadata={},
        traceparent="",
        possibly_sent_before=False,
    )


def order(
    message_id: str = "m",
    segment: int = 1,
    segments: int = 1,
    *,
    priority: int = 0,
    expires_at: float | None = None,
    held_since: float = NOW,
) -> Order:
    return Order(
        key=next(KEYS),
        body=b"",
        context=context(message_id, segment, segments),
        encoded_context=b"",
        priority=priority,
        expires_at=expires_at,
        published_at=WALL_NOW,
        held_since=held_since,
    )


def orders(count: int) -> list[Order]:
    return [order(f"m{number}") for number in range(count)]


def traffic(*names: str, unknown_outcome: UnknownOutcome = UnknownOutcome.RESEND) -> Traffic:
    """With these sessions bound to the primary, which carries."""
    made = Traffic(operator(unknown_outcome))
    made.carry_over(PRIMARY)
    for name in names:
        bind(made, name, PRIMARY)
    return made


def two_endpoints() -> Traffic:
    """A is bound to the primary, which carries, and B to the backup."""
    made = traffic(A)
    bind(made, B, BACKUP)
    return made


def bind(made: Traffic, name: str, endpoint: int) -> None:
    made.add_session(name, endpoint)
    made.session_bound(name, "TRX")


def hand_over(made: Traffic, waiting: Iterable[Order], now: float = NOW) -> dict[str, list[Order]]:
    made.add(waiting)
    return made.assign(PLENTY, now, WALL_NOW)


def keys(sent: Iterable[Order]) -> list[int]:
    return [one.key for one in sent]


def refusal(one: Order, status: int) -> SubmitReport:
    return SubmitReport([], [Refusal(one.key, status)], [])


def returned(why: Unsubmitted, *back: Order) -> SubmitReport:
    return SubmitReport([], [], [Return(one.key, why) for one in back])


def given_back(one: Order, delay_s: float) -> Concluded:
    return Concluded(Conclusion.GIVE_BACK, one.context, delay_s=delay_s)


# Orders out.


def test_orders_go_out_first_in_first_out():
    made, waiting = traffic(A), orders(3)

    assert hand_over(made, waiting) == {A: waiting}
    assert (made.waiting, made.in_hand) == (0, 3)


def test_a_higher_priority_overtakes():
    low, high = order("low", priority=0), order("high", priority=3)

    assert hand_over(traffic(A), [low, high]) == {A: [high, low]}


def test_no_more_orders_go_out_than_there_are_permits():
    made = traffic(A)
    made.add(orders(3))

    assert keys(made.assign(2, NOW, WALL_NOW)[A]) == keys(made.sessions[A].in_hand.values())
    assert (made.waiting, made.in_hand) == (1, 2)


def test_a_full_window_takes_no_order():
    made = traffic(A)

    hand_over(made, orders(WINDOW + 2))

    assert (made.waiting, made.in_hand, made.free_slots(NOW)) == (2, WINDOW, 0)


def test_the_session_with_the_most_room_gets_the_next_order():
    made = traffic(A, B)
    hand_over(made, orders(1))

    assert {name: len(sent) for name, sent in hand_over(made, orders(3)).items()} == {B: 2, A: 1}


def test_a_session_that_is_not_bound_gets_no_order():
    made, waiting = traffic(A, B), orders(WINDOW)
    made.session_unbound(A, "link lost")

    assert hand_over(made, waiting) == {B: waiting}


def test_without_sessions_nothing_goes_out_and_nothing_fails():
    made = Traffic(operator())

    assert hand_over(made, orders(1)) == {}
    assert (made.waiting, made.free_slots(NOW), made.can_carry) == (1, 0, False)


def test_an_accepted_order_frees_its_slot_and_leaves_no_conclusion():
    made, (one,) = traffic(A), orders(1)
    hand_over(made, [one])

    made.reported(A, SubmitReport([one.key], [], []), NOW)

    assert (made.waiting, made.in_hand, made.take_concluded()) == (0, 0, [])


def test_a_report_about_an_order_that_is_not_in_hand_changes_nothing():
    made, (one,) = traffic(A), orders(1)
    hand_over(made, [one])
    made.reported(A, SubmitReport([one.key], [], []), NOW)

    made.reported(A, SubmitReport([one.key], [Refusal(one.key, 8)], [Return(one.key, Unsubmitted.UNKNOWN)]), NOW)

    assert (made.waiting, made.in_hand, made.take_concluded(), made.unknown_outcomes) == (0, 0, [], 0)


def test_conclusions_of_others_are_passed_on_once():
    made, concluded = traffic(A), Concluded(Conclusion.ALREADY_ACCEPTED, context("m"))

    made.conclude([concluded])

    assert (made.take_concluded(), made.take_concluded()) == ([concluded], [])


# Expiry.


@pytest.mark.parametrize("expires_at", [WALL_NOW - 86400, WALL_NOW], ids=["long past", "right now"])
def test_an_expired_order_is_concluded_and_costs_no_permit(expires_at: float):
    made, late, good = traffic(A), order("late", expires_at=expires_at), order("good")
    made.add([late, good])

    assert made.assign(1, NOW, WALL_NOW) == {A: [good]}
    assert made.take_concluded() == [Concluded(Conclusion.EXPIRED, late.context)]


def test_an_order_goes_out_up_to_its_expiry():
    one = order(expires_at=WALL_NOW + 0.001)

    assert hand_over(traffic(A), [one]) == {A: [one]}


# Refusals.


def test_a_refusal_for_good_is_concluded_with_its_status():
    made, (one,) = traffic(A), orders(1)
    hand_over(made, [one])

    made.reported(A, refusal(one, Status.ESME_RINVDSTADR), NOW)

    assert made.take_concluded() == [Concluded(Conclusion.REFUSED, one.context, Status.ESME_RINVDSTADR)]
    assert (made.waiting, made.in_hand) == (0, 0)


@pytest.mark.parametrize("status", [Status.ESME_RTHROTTLED, Status.ESME_RMSGQFUL])
def test_a_throttled_answer_pauses_the_session_and_its_order_is_tried_first_afterwards(status: Status):
    made, waiting = traffic(A), orders(WINDOW + 1)
    hand_over(made, waiting)
    first, *others, last = waiting

    made.reported(A, SubmitReport(keys(others), [Refusal(first.key, status)], []), NOW)

    assert (made.free_slots(NOW), made.held_back_s(NOW)) == (0, 0.5)
    assert made.assign(PLENTY, NOW + 0.4, WALL_NOW) == {}
    assert made.assign(PLENTY, NOW + 0.5, WALL_NOW) == {A: [first]}
    assert made.waiting == 1
    assert list(made.sessions[A].in_hand.values()) == [first]
    assert last.key not in made.sessions[A].in_hand


@pytest.mark.parametrize("why", Unsubmitted)
def test_an_order_that_comes_back_waits_from_then_on(why: Unsubmitted):
    made, one, other = traffic(A), order("m"), order("n")
    hand_over(made, [one, other])
    assert (one.returned_at, other.returned_at) == (None, None)

    made.reported(A, refusal(one, Status.ESME_RTHROTTLED), NOW + 1)
    made.reported(A, returned(why, other), NOW + 2)

    assert (one.returned_at, other.returned_at) == (NOW + 1, NOW + 2)


def test_orders_throttled_together_keep_their_order():
    made, waiting = traffic(A), orders(3)
    hand_over(made, waiting)
    made.reported(A, SubmitReport([], [Refusal(one.key, Status.ESME_RTHROTTLED) for one in waiting], []), NOW)
    made.session_bound(A, "TRX")

    assert made.assign(PLENTY, NOW, WALL_NOW) == {A: waiting}


def test_after_a_pause_one_order_tries_whether_the_operator_takes_more():
    made, waiting = traffic(A), orders(3)
    hand_over(made, waiting)
    made.reported(A, SubmitReport([], [Refusal(one.key, Status.ESME_RTHROTTLED) for one in waiting], []), NOW)

    assert made.assign(PLENTY, NOW + 1, WALL_NOW) == {A: waiting[:1]}
    assert made.assign(PLENTY, NOW + 1, WALL_NOW) == {}
    made.reported(A, SubmitReport([waiting[0].key], [], []), NOW + 1)
    assert made.assign(PLENTY, NOW + 3, WALL_NOW) == {A: waiting[1:2]}
    assert (made.slowed_sessions(), made.held_back_s(NOW + 3)) == (1, pytest.approx(0.2, abs=0.05))


def test_each_throttled_trial_doubles_the_pause():
    made, (one,) = traffic(A), orders(1)
    hand_over(made, [one])
    now, pauses = NOW, []

    for _ in range(3):
        made.reported(A, refusal(one, Status.ESME_RTHROTTLED), now)
        pauses.append(made.held_back_s(now))
        now += pauses[-1]
        assert made.assign(PLENTY, now, WALL_NOW) == {A: [one]}

    assert pauses == [0.5, 1, 2]


def test_answers_to_what_went_out_before_the_pause_do_not_end_it():
    made, waiting = traffic(A), orders(2)
    hand_over(made, waiting)
    made.reported(A, refusal(waiting[1], Status.ESME_RTHROTTLED), NOW)

    made.reported(A, SubmitReport([waiting[0].key], [], []), NOW + 0.1)

    assert (made.free_slots(NOW + 0.4), made.free_slots(NOW + 0.5)) == (0, 1)


def test_a_pause_ends_with_a_new_bind():
    made, (one,) = traffic(A), orders(1)
    hand_over(made, [one])
    made.reported(A, refusal(one, Status.ESME_RTHROTTLED), NOW)

    made.session_bound(A, "TRX")

    assert (made.free_slots(NOW), made.held_back_s(NOW)) == (WINDOW, 0)


def test_a_pause_of_one_session_leaves_the_other_at_work():
    made, (one,) = traffic(A, B), orders(1)
    hand_over(made, [one])

    made.reported(A, refusal(one, Status.ESME_RTHROTTLED), NOW)

    assert made.assign(PLENTY, NOW, WALL_NOW) == {B: [one]}


def throttle_for_ever(made: Traffic, now: float = NOW) -> list[Concluded]:
    """One message that is always throttled, on a bind that is made anew each time; all that is concluded of it."""
    concluded: list[Concluded] = []
    for _ in range(100):
        if not made.waiting:
            made.add([order("m", held_since=now)])
        made.session_bound(A, "TRX")
        ((sent,),) = made.assign(PLENTY, now, WALL_NOW).values()
        made.reported(A, refusal(sent, Status.ESME_RTHROTTLED), now)
        concluded += made.take_concluded()
        if concluded and concluded[-1].conclusion is Conclusion.REFUSED:
            break
        now += concluded[-1].delay_s if concluded else 0
    return concluded


def test_a_segment_that_stays_throttled_makes_way_for_others_after_three_tries_and_is_refused_by_its_age():
    made = Traffic(operator(retry=RetryConfig(age_s=100)))
    made.carry_over(PRIMARY)
    bind(made, A, PRIMARY)

    assert throttle_for_ever(made) == [
        *[Concluded(Conclusion.GIVE_BACK, context("m"), delay_s=delay_s) for delay_s in (1.0, 5.0, 20.0, 60.0)],
        Concluded(Conclusion.REFUSED, context("m"), Status.ESME_RTHROTTLED),
    ]


def test_a_throttled_segment_is_sent_again_as_it_was():
    made = traffic(A)
    first, second = order("m", 1, 2), order("m", 2, 2)
    hand_over(made, [first, second])

    made.reported(A, SubmitReport([first.key], [Refusal(second.key, Status.ESME_RMSGQFUL)], []), NOW)

    assert made.assign(PLENTY, NOW + 0.5, WALL_NOW) == {A: [second]}
    assert (second.context, made.take_concluded()) == (context("m", 2, 2), [])


def test_what_an_operator_says_of_a_status_counts():
    made = Traffic(operator(answers={"ESME_RTHROTTLED": Action.REFUSED, "0x45b": Action.RETRY_BIND}))
    made.carry_over(PRIMARY)
    bind(made, A, PRIMARY)
    refused, throttled = orders(2)
    hand_over(made, [refused, throttled])

    made.reported(A, refusal(refused, Status.ESME_RTHROTTLED), NOW)
    made.reported(A, refusal(throttled, 0x45B), NOW)

    assert made.take_concluded() == [Concluded(Conclusion.REFUSED, refused.context, Status.ESME_RTHROTTLED)]
    assert made.assign(PLENTY, NOW + 0.5, WALL_NOW) == {A: [throttled]}


def test_trouble_of_the_operator_pauses_the_bind_and_sends_the_message_back_until_its_age_ends_it():
    made = Traffic(operator(retry=RetryConfig(attempts=2, age_s=100)))
    made.carry_over(PRIMARY)
    bind(made, A, PRIMARY)
    now, concluded = NOW, []

    for _ in range(5):
        one = order("m", held_since=now)
        made.session_bound(A, "TRX")
        made.add([one])
        made.assign(PLENTY, now, WALL_NOW)
        made.reported(A, refusal(one, Status.ESME_RINVBNDSTS), now)
        assert made.free_slots(now) == 0
        concluded += made.take_concluded()
        now += concluded[-1].delay_s

    assert concluded == [
        *[Concluded(Conclusion.GIVE_BACK, context("m"), delay_s=delay_s) for delay_s in (1.0, 5.0, 20.0, 60.0)],
        Concluded(Conclusion.REFUSED, context("m"), Status.ESME_RINVBNDSTS),
    ]


def test_each_pause_is_one_complaint():
    made, waiting = traffic(A, B), orders(4)
    sent = hand_over(made, waiting)

    made.reported(A, SubmitReport([], [Refusal(one.key, Status.ESME_RTHROTTLED) for one in sent[A]], []), NOW)
    made.reported(B, SubmitReport([], [Refusal(one.key, Status.ESME_RINVSYSID) for one in sent[B]], []), NOW)

    assert made.take_complaints() == [
        Complaint(A, Action.RETRY_BIND, Status.ESME_RTHROTTLED),
        Complaint(B, Action.OPERATOR_TROUBLE, Status.ESME_RINVSYSID),
    ]
    assert made.take_complaints() == []


def test_without_anything_waiting_nothing_is_held_back():
    made, (one,) = traffic(A), orders(1)
    hand_over(made, [one])
    made.reported(A, refusal(one, Status.ESME_RINVDSTADR), NOW)
    made.sessions[A].pace.throttled(NOW)

    assert made.held_back_s(NOW) == 0


def test_a_passing_fault_sends_the_message_back_for_a_later_try_with_growing_delays_and_a_limit():
    made = traffic(A)
    conclusions: list[Concluded] = []

    for _ in range(5):
        redelivered = order("m")
        hand_over(made, [redelivered])
        made.reported(A, refusal(redelivered, Status.ESME_RSYSERR), NOW)
        conclusions += made.take_concluded()

    assert conclusions == [
        *[Concluded(Conclusion.GIVE_BACK, context("m"), delay_s=delay_s) for delay_s in (1.0, 5.0, 20.0, 60.0)],
        Concluded(Conclusion.REFUSED, context("m"), Status.ESME_RSYSERR),
    ]


def test_a_passing_fault_of_one_message_leaves_the_others_at_work():
    made, waiting = traffic(A), orders(3)
    hand_over(made, waiting[:1])

    made.reported(A, refusal(waiting[0], Status.ESME_RSYSERR), NOW)

    assert hand_over(made, waiting[1:]) == {A: waiting[1:]}


# Returns.


@pytest.mark.parametrize("why", [Unsubmitted.NOT_SENT, Unsubmitted.TOO_LATE])
def test_an_order_that_was_not_sent_is_tried_first_and_not_counted(why: Unsubmitted):
    made, waiting = traffic(A), orders(3)
    hand_over(made, waiting)

    made.reported(A, returned(why, *waiting), NOW)

    assert made.assign(PLENTY, NOW, WALL_NOW) == {A: waiting}
    assert (made.unknown_outcomes, made.take_concluded()) == (0, [])


def test_an_unanswered_order_is_sent_again_and_marked():
    made, (one,) = traffic(A), orders(1)
    hand_over(made, [one])

    made.reported(A, returned(Unsubmitted.UNKNOWN, one), NOW)

    assert made.assign(PLENTY, NOW, WALL_NOW) == {A: [one]}
    assert (made.unknown_outcomes, one.context.possibly_sent_before) == (1, True)


def test_an_unanswered_order_is_reported_where_the_operator_wants_that():
    made, (one,) = traffic(A, unknown_outcome=UnknownOutcome.REPORT), orders(1)
    hand_over(made, [one])

    made.reported(A, returned(Unsubmitted.UNKNOWN, one), NOW)

    assert made.take_concluded() == [Concluded(Conclusion.REPORTED, one.context)]
    assert (made.waiting, made.unknown_outcomes) == (0, 1)


def test_an_order_that_is_never_answered_is_reported_after_five_attempts():
    made, (one,) = traffic(A), orders(1)
    made.add([one])
    attempts = 0

    while made.assign(PLENTY, NOW, WALL_NOW):
        attempts += 1
        made.reported(A, returned(Unsubmitted.UNKNOWN, one), NOW)

    assert attempts == 5
    assert made.take_concluded() == [Concluded(Conclusion.REPORTED, one.context)]


def test_attempts_are_counted_over_redeliveries_of_the_same_message():
    made = traffic(A)
    conclusions = []

    for _ in range(5):
        redelivered = order("m")
        hand_over(made, [redelivered])
        made.reported(A, returned(Unsubmitted.UNKNOWN, redelivered), NOW)
        made.give_back_waiting()
        conclusions += [concluded.conclusion for concluded in made.take_concluded()]

    assert conclusions == [*[Conclusion.GIVE_BACK] * 4, Conclusion.REPORTED]


def test_an_accepted_order_starts_the_count_of_its_attempts_anew():
    made = traffic(A)
    for _ in range(4):
        failed = order("m")
        hand_over(made, [failed])
        made.reported(A, refusal(failed, Status.ESME_RSYSERR), NOW)
    accepted = order("m")
    hand_over(made, [accepted])
    made.reported(A, SubmitReport([accepted.key], [], []), NOW)
    made.take_concluded()
    again = order("m")
    hand_over(made, [again])

    made.reported(A, refusal(again, Status.ESME_RSYSERR), NOW)

    assert made.take_concluded() == [given_back(again, 1.0)]


def test_orders_whose_session_lane_was_gone_go_first_to_another():
    made, waiting = traffic(A, B), orders(2)
    sent = hand_over(made, waiting)[A]
    made.sessions[A].unbind("lane lost")

    made.not_handed_over(A, sent)

    assert made.assign(PLENTY, NOW, WALL_NOW) == {B: sent}
    assert made.take_concluded() == []


# Back to JetStream.


def test_what_waits_stays_for_a_while_when_the_last_session_is_unbound():
    made, waiting = traffic(A), orders(2)
    made.add(waiting)

    made.session_unbound(A, "link lost")

    assert (made.take_concluded(), made.waiting, made.can_carry) == ([], 2, False)


def test_what_waits_is_given_back_when_nothing_has_come_to_carry_it():
    made, waiting = traffic(A), orders(2)
    made.add(waiting)

    made.give_back_waiting()

    assert made.take_concluded() == [given_back(one, GIVE_BACK_DELAY_S) for one in waiting]
    assert made.waiting == 0


def test_what_is_in_hand_stays_there_when_what_waits_is_given_back():
    made, waiting = traffic(A), orders(WINDOW + 1)
    hand_over(made, waiting)

    made.give_back_waiting()

    assert made.take_concluded() == [given_back(waiting[-1], GIVE_BACK_DELAY_S)]
    assert (made.waiting, made.in_hand) == (0, WINDOW)


def test_what_is_held_too_long_is_given_back():
    made, old, young = traffic(A), order("old", held_since=NOW - MOST_HELD_S - 0.1), order("young")
    made.add([old, young])

    made.give_back_old(NOW)

    assert made.take_concluded() == [given_back(old, GIVE_BACK_DELAY_S)]
    assert made.waiting == 1


def test_an_order_held_too_long_does_not_go_out_any_more():
    made, old, young = traffic(A), order("old", held_since=NOW - MOST_HELD_S - 0.1), order("young")

    assert hand_over(made, [old, young]) == {A: [young]}
    assert made.take_concluded() == [given_back(old, GIVE_BACK_DELAY_S)]


def test_an_order_whose_session_never_reports_is_given_back_in_the_end():
    made, (one,) = traffic(A), orders(1)
    hand_over(made, [one])
    longest_s = MOST_HELD_S + operator().timers.response_s

    made.give_back_old(NOW + longest_s)
    assert made.in_hand == 1
    made.give_back_old(NOW + longest_s + 10)

    assert made.take_concluded() == [given_back(one, UNSURE_DELAY_S)]
    assert (made.in_hand, made.unknown_outcomes) == (0, 1)


def test_the_open_submits_of_a_lost_session_are_given_back_with_time_for_its_answers_to_be_stored():
    made, waiting = traffic(A), orders(WINDOW + 1)
    hand_over(made, waiting)
    open_submits = waiting[:WINDOW]

    made.session_lost(A, NOW)

    assert made.take_concluded() == [given_back(one, UNSURE_DELAY_S) for one in open_submits]
    assert made.take_unanswered() == [one.context.unanswered() for one in open_submits]
    assert (made.waiting, made.in_hand, made.unknown_outcomes, made.can_carry) == (1, 0, WINDOW, False)


def test_the_orders_of_a_lost_session_go_on_as_its_last_words_say():
    made, (answered, unanswered, neither) = traffic(A), orders(3)
    hand_over(made, [answered, unanswered, neither])
    bind(made, B, PRIMARY)

    made.session_lost(A, NOW, LastWords(frozenset({answered.key}), frozenset({unanswered.key})))

    assert made.take_concluded() == [given_back(neither, UNSURE_DELAY_S)]
    assert made.take_unanswered() == [unanswered.context.unanswered()]
    assert (made.waiting, made.in_hand, made.unknown_outcomes) == (1, 0, 1)
    assert made.assign(PLENTY, NOW, WALL_NOW) == {B: [unanswered]}
    assert unanswered.context.possibly_sent_before


def test_an_order_without_an_answer_is_noted_once_however_often_it_goes_out():
    made, (one,) = traffic(A), orders(1)
    hand_over(made, [one])

    made.reported(A, returned(Unsubmitted.UNKNOWN, one), NOW)
    assert made.take_unanswered() == [one.context.unanswered()]
    made.assign(PLENTY, NOW, WALL_NOW)
    made.reported(A, returned(Unsubmitted.UNKNOWN, one), NOW)

    assert (made.take_unanswered(), made.unknown_outcomes) == ([], 2)


def test_the_open_submits_of_a_lost_session_are_reported_where_the_operator_wants_that():
    made, (one,) = traffic(A, B, unknown_outcome=UnknownOutcome.REPORT), orders(1)
    hand_over(made, [one])

    made.session_lost(A, NOW)

    assert made.take_concluded() == [Concluded(Conclusion.REPORTED, one.context)]
    assert made.unknown_outcomes == 1


def test_what_is_dropped_is_neither_sent_nor_given_back():
    made = traffic(A)
    in_hand, waiting = order("m", 1, 2), order("m", 2, 2)
    made.add([in_hand, waiting])
    made.assign(1, NOW, WALL_NOW)

    made.drop_waiting()
    assert made.held_since_before(NOW + 1) == [in_hand.context.reply]
    made.reported(A, SubmitReport([in_hand.key], [], []), NOW)

    assert (made.waiting, made.take_concluded(), made.held_since_before(NOW + 1)) == (0, [], [])


# Endpoints.


def test_before_an_endpoint_is_chosen_nobody_carries():
    made = Traffic(operator())
    bind(made, A, PRIMARY)

    assert hand_over(made, orders(1)) == {}
    assert (made.waiting, made.free_slots(NOW), made.can_carry) == (1, 0, False)


def test_only_sessions_of_the_endpoint_in_use_carry():
    made, waiting = two_endpoints(), orders(WINDOW + 1)

    assert hand_over(made, waiting) == {A: waiting[:WINDOW]}
    assert (made.waiting, made.free_slots(NOW)) == (1, 0)


def test_a_bound_session_of_another_endpoint_cannot_carry():
    made = two_endpoints()

    made.session_unbound(A, "link lost")

    assert (made.can_carry, made.free_slots(NOW)) == (False, 0)


def test_what_waits_goes_to_the_endpoint_that_carries_next():
    made, waiting = two_endpoints(), orders(WINDOW + 2)
    hand_over(made, waiting)

    made.carry_over(BACKUP)

    assert (made.can_carry, made.free_slots(NOW)) == (True, WINDOW)
    assert made.assign(PLENTY, NOW, WALL_NOW) == {B: waiting[WINDOW:]}
    assert made.take_concluded() == []


def test_while_no_endpoint_carries_what_waits_stays():
    made, waiting = two_endpoints(), orders(1)

    made.carry_over(None)

    assert hand_over(made, waiting) == {}
    assert (made.waiting, made.can_carry, made.take_concluded()) == (1, False, [])


def test_answers_of_an_endpoint_that_carries_no_longer_still_count():
    made, waiting = two_endpoints(), orders(3)
    hand_over(made, waiting)
    accepted, refused, unsent = waiting
    made.carry_over(BACKUP)

    made.reported(
        A,
        SubmitReport(
            [accepted.key], [Refusal(refused.key, Status.ESME_RINVDSTADR)], [Return(unsent.key, Unsubmitted.NOT_SENT)]
        ),
        NOW,
    )

    assert made.take_concluded() == [Concluded(Conclusion.REFUSED, refused.context, Status.ESME_RINVDSTADR)]
    assert made.assign(PLENTY, NOW, WALL_NOW) == {B: [unsent]}
    assert list(made.sessions[A].in_hand) == []


def test_a_pause_at_one_endpoint_does_not_hold_up_the_other():
    made, (one,) = two_endpoints(), orders(1)
    hand_over(made, [one])
    made.reported(A, refusal(one, Status.ESME_RTHROTTLED), NOW)

    made.carry_over(BACKUP)

    assert made.assign(PLENTY, NOW, WALL_NOW) == {B: [one]}


# Sessions that come and go.


def test_a_new_session_carries_once_it_is_bound():
    made, waiting = traffic(), orders(1)
    made.add_session(A, PRIMARY)
    made.add(waiting)

    assert made.assign(PLENTY, NOW, WALL_NOW) == {}
    made.session_bound(A, "TRX")
    assert made.assign(PLENTY, NOW, WALL_NOW) == {A: waiting}


def test_a_session_that_drained_to_the_end_leaves_nothing_behind():
    made = traffic(A, B)

    made.remove_session(A, NOW)

    assert (list(made.sessions), made.in_hand, made.take_concluded(), made.unknown_outcomes) == ([B], 0, [], 0)


def test_what_a_removed_session_still_has_in_hand_is_given_back_with_time_for_its_answers_to_be_stored():
    made, waiting = traffic(A), orders(WINDOW + 1)
    hand_over(made, waiting)

    made.remove_session(A, NOW)

    assert made.take_concluded() == [given_back(one, UNSURE_DELAY_S) for one in waiting[:WINDOW]]
    assert (made.sessions, made.waiting, made.in_hand, made.unknown_outcomes) == ({}, 1, 0, WINDOW)


def test_what_a_removed_session_still_has_in_hand_is_reported_where_the_operator_wants_that():
    made, (one,) = traffic(A, unknown_outcome=UnknownOutcome.REPORT), orders(1)
    hand_over(made, [one])

    made.remove_session(A, NOW)

    assert made.take_concluded() == [Concluded(Conclusion.REPORTED, one.context)]


def test_a_session_that_comes_back_under_its_name_starts_anew():
    made, (one,) = traffic(A), orders(1)
    hand_over(made, [one])
    made.reported(A, refusal(one, Status.ESME_RTHROTTLED), NOW)
    made.remove_session(A, NOW)

    bind(made, A, PRIMARY)

    assert made.assign(PLENTY, NOW, WALL_NOW) == {A: [one]}


# New settings.


def test_a_wider_window_takes_more_at_once_on_the_sessions_there_are():
    made, waiting = traffic(A), orders(WINDOW + 2)
    hand_over(made, waiting)

    made.configure(operator(window=WINDOW + 1))

    assert made.assign(PLENTY, NOW, WALL_NOW) == {A: waiting[WINDOW : WINDOW + 1]}


def test_a_narrower_window_takes_nothing_until_enough_is_answered():
    made, waiting = traffic(A), orders(WINDOW + 1)
    hand_over(made, waiting)

    made.configure(operator(window=2))

    room = [made.free_slots(NOW)]
    for answered in waiting[: WINDOW - 1]:
        made.reported(A, SubmitReport([answered.key], [], []), NOW)
        room.append(made.free_slots(NOW))
    assert room == [0, 0, 0, 1]
    assert (made.take_concluded(), made.unknown_outcomes) == ([], 0)


def test_a_session_added_later_has_the_new_window():
    made = traffic()
    made.configure(operator(window=7))

    bind(made, A, PRIMARY)

    assert made.free_slots(NOW) == 7


def test_new_settings_leave_bound_sessions_and_waiting_orders_as_they_are():
    made, waiting = traffic(A), orders(WINDOW + 1)
    hand_over(made, waiting)

    made.configure(operator())

    assert (made.waiting, made.in_hand, made.can_carry, made.take_concluded()) == (1, WINDOW, True, [])


def test_a_new_rule_for_unknown_outcomes_holds_for_what_is_under_way():
    made, (one,) = traffic(A), orders(1)
    hand_over(made, [one])

    made.configure(operator(UnknownOutcome.REPORT))
    made.reported(A, returned(Unsubmitted.UNKNOWN, one), NOW)

    assert made.take_concluded() == [Concluded(Conclusion.REPORTED, one.context)]


def test_a_session_has_longer_to_report_where_the_operator_gets_longer_to_answer():
    made, (one,) = traffic(A), orders(1)
    hand_over(made, [one])

    made.configure(operator(response_s=60))
    made.give_back_old(NOW + MOST_HELD_S + 60)

    assert (made.in_hand, made.take_concluded()) == (1, [])


# Messages of several segments have one acknowledgement.


def test_a_message_goes_back_once_whatever_its_segments():
    made = traffic(A)
    made.add([order("m", segment, 3) for segment in (1, 2, 3)])

    made.give_back_waiting()

    assert [(one.conclusion, one.context.reply) for one in made.take_concluded()] == [
        (Conclusion.GIVE_BACK, "reply of m")
    ]


def test_the_waiting_segments_go_back_with_the_one_whose_session_is_lost():
    made = traffic(A, B)
    in_hand, waiting = order("m", 1, 2), order("m", 2, 2)
    made.add([in_hand, waiting])
    made.assign(1, NOW, WALL_NOW)

    made.session_lost(A, NOW)

    assert made.take_concluded() == [given_back(in_hand, UNSURE_DELAY_S)]
    assert made.assign(PLENTY, NOW, WALL_NOW) == {}


def test_a_message_goes_back_only_when_no_segment_of_it_is_in_hand_any_more():
    made = traffic(A, B)
    first, second = order("m", 1, 2), order("m", 2, 2)
    hand_over(made, [first, second])

    made.session_lost(A, NOW)
    assert (made.take_concluded(), made.in_hand) == ([], 1)
    made.reported(B, SubmitReport([second.key], [], []), NOW)

    assert [(one.conclusion, one.context.reply, one.delay_s) for one in made.take_concluded()] == [
        (Conclusion.GIVE_BACK, "reply of m", UNSURE_DELAY_S)
    ]


def test_a_segment_of_a_message_that_goes_back_is_not_sent_again():
    made = traffic(A, B)
    first, second = order("m", 1, 2), order("m", 2, 2)
    hand_over(made, [first, second])
    made.session_lost(A, NOW)

    made.reported(B, refusal(second, Status.ESME_RTHROTTLED), NOW)

    assert [one.conclusion for one in made.take_concluded()] == [Conclusion.GIVE_BACK]
    assert (made.waiting, made.in_hand) == (0, 0)


def test_a_segment_that_is_refused_while_its_message_goes_back_is_concluded_first():
    made = traffic(A, B)
    first, second = order("m", 1, 2), order("m", 2, 2)
    hand_over(made, [first, second])
    made.session_lost(A, NOW)

    made.reported(B, refusal(second, Status.ESME_RINVDSTADR), NOW)

    assert [(one.conclusion, one.context.segment) for one in made.take_concluded()] == [
        (Conclusion.REFUSED, 2),
        (Conclusion.GIVE_BACK, 2),
    ]
