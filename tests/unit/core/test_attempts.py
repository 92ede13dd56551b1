"""How often, and for how long, a segment is tried."""

import msgspec
import pytest

from config.answers import Action
from config.operators import RetryConfig
from core import attempts
from core.attempts import AT_ONCE_S, RETRY_DELAYS_S, Attempts
from core.order_queue import Order
from messages.lanes import MessageContext
from smpp.message_id import IdRule

NOW = 1000.0
ELSEWHERE = Action.RETRY_ELSEWHERE
LIMITS = RetryConfig(attempts=5, age_s=3600)


def order(message_id: str = "m", segment: int = 1, key: int = 1) -> Order:
    context = MessageContext(message_id, "mno", segment, 3, "reply", True, 60.0, IdRule.STRING, {}, "", False)
    return Order(key, b"", context, msgspec.msgpack.encode(context), 0, None, 0.0, 0.0)


def test_each_failed_attempt_is_followed_by_a_longer_wait_and_the_last_by_none():
    tried = Attempts(LIMITS)

    assert [tried.retry_after_s(order(), ELSEWHERE, NOW) for _ in range(5)] == [1.0, 5.0, 20.0, 60.0, None]


def test_more_attempts_than_delays_wait_as_long_as_the_last():
    tried = Attempts(RetryConfig(attempts=7))

    assert [tried.retry_after_s(order(), ELSEWHERE, NOW) for _ in range(7)] == [*RETRY_DELAYS_S, 60.0, 60.0, None]


def test_a_single_attempt_is_followed_by_none():
    assert Attempts(RetryConfig(attempts=1)).retry_after_s(order(), ELSEWHERE, NOW) is None


def test_an_attempt_that_could_only_come_after_the_age_limit_does_not_come():
    tried = Attempts(RetryConfig(attempts=100, age_s=30))

    waits = [tried.retry_after_s(order(), ELSEWHERE, now) for now in (NOW, NOW + 1, NOW + 6)]
    assert waits == [1.0, 5.0, 20.0]
    assert tried.retry_after_s(order(), ELSEWHERE, NOW + 26) is None


def test_what_holds_up_the_bind_is_tried_three_times_there_and_then_elsewhere_until_its_age_ends_it():
    tried = Attempts(RetryConfig(age_s=200))
    now, waits = NOW, []

    while (wait_s := tried.retry_after_s(order(), Action.RETRY_BIND, now)) is not None:
        waits.append(wait_s)
        now += wait_s + 1

    assert waits == [AT_ONCE_S, AT_ONCE_S, AT_ONCE_S, 1.0, 5.0, 20.0, 60.0, 60.0]


def test_what_holds_up_the_bind_is_no_failure_of_the_segment():
    tried = Attempts(LIMITS)
    for _ in range(20):
        tried.retry_after_s(order(), Action.RETRY_BIND, NOW)

    assert tried.retry_after_s(order(), ELSEWHERE, NOW) == RETRY_DELAYS_S[0]


@pytest.mark.parametrize("action", [Action.REFUSED, Action.ACCEPTED])
def test_what_no_other_attempt_can_change_is_not_tried_again(action: Action):
    assert Attempts(LIMITS).retry_after_s(order(), action, NOW) is None


def test_trouble_of_the_operator_goes_elsewhere_at_once_and_is_limited_by_age_alone():
    tried = Attempts(RetryConfig(attempts=1, age_s=100))
    now, waits = NOW, []

    while (wait_s := tried.retry_after_s(order(), Action.OPERATOR_TROUBLE, now)) is not None:
        waits.append(wait_s)
        now += wait_s

    assert waits == [1.0, 5.0, 20.0, 60.0]


def test_a_redelivered_segment_goes_on_with_its_count():
    tried = Attempts(LIMITS)
    tried.retry_after_s(order(key=1), ELSEWHERE, NOW)

    assert tried.retry_after_s(order(key=2), ELSEWHERE, NOW) == RETRY_DELAYS_S[1]


def test_each_segment_and_each_message_has_a_count_of_its_own():
    tried = Attempts(LIMITS)
    tried.retry_after_s(order("m", 1), ELSEWHERE, NOW)

    assert [tried.retry_after_s(order("m", 2), ELSEWHERE, NOW), tried.retry_after_s(order("n", 1), ELSEWHERE, NOW)] == [
        RETRY_DELAYS_S[0]
    ] * 2


def test_a_segment_that_came_through_or_was_given_up_begins_anew():
    tried = Attempts(LIMITS)
    tried.retry_after_s(order(), ELSEWHERE, NOW)
    tried.forget(order())
    tried.forget(order("never failed"))
    assert [tried.retry_after_s(order(), ELSEWHERE, NOW) for _ in range(5)][-1] is None

    assert tried.retry_after_s(order(), ELSEWHERE, NOW) == RETRY_DELAYS_S[0]


def test_new_limits_hold_for_what_has_been_tried_already():
    tried = Attempts(LIMITS)
    tried.retry_after_s(order(), ELSEWHERE, NOW)
    tried.configure(RetryConfig(attempts=2))

    assert tried.retry_after_s(order(), ELSEWHERE, NOW) is None


def test_the_memory_is_bounded_and_what_was_tried_longest_ago_is_forgotten(monkeypatch):
    monkeypatch.setattr(attempts, "MAX_REMEMBERED", 2)
    tried = Attempts(LIMITS)
    for message_id in ("oldest", "older", "oldest", "new"):
        tried.retry_after_s(order(message_id), ELSEWHERE, NOW)

    assert [tried.retry_after_s(order(name), ELSEWHERE, NOW) for name in ("oldest", "new", "older")] == [
        RETRY_DELAYS_S[2],
        RETRY_DELAYS_S[1],
        RETRY_DELAYS_S[0],
    ]
