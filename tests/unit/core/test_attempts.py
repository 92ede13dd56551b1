"""How often a segment is tried."""

import msgspec

from core import attempts
from core.attempts import MAX_ATTEMPTS, RETRY_DELAYS_S, Attempts
from core.order_queue import Order
from messages.lanes import MessageContext
from smpp.message_id import IdRule


def order(message_id: str = "m", segment: int = 1, key: int = 1) -> Order:
    context = MessageContext(message_id, "mno", segment, 3, "reply", True, 60.0, IdRule.STRING, {}, "", False)
    return Order(key, b"", context, msgspec.msgpack.encode(context), 0, None, 0.0, 0.0)


def test_each_failed_attempt_is_followed_by_a_longer_wait_and_the_last_by_none():
    tried = Attempts()

    assert [tried.retry_after_s(order()) for _ in range(MAX_ATTEMPTS)] == [*RETRY_DELAYS_S, None]
    assert sorted(RETRY_DELAYS_S) == list(RETRY_DELAYS_S)


def test_a_redelivered_segment_goes_on_with_its_count():
    tried = Attempts()
    tried.retry_after_s(order(key=1))

    assert tried.retry_after_s(order(key=2)) == RETRY_DELAYS_S[1]


def test_each_segment_and_each_message_has_a_count_of_its_own():
    tried = Attempts()
    tried.retry_after_s(order("m", 1))

    assert [tried.retry_after_s(order("m", 2)), tried.retry_after_s(order("n", 1))] == [RETRY_DELAYS_S[0]] * 2


def test_a_segment_that_came_through_or_was_given_up_begins_anew():
    tried = Attempts()
    tried.retry_after_s(order())
    tried.forget(order())
    tried.forget(order("never failed"))
    assert [tried.retry_after_s(order()) for _ in range(MAX_ATTEMPTS)][-1] is None

    assert tried.retry_after_s(order()) == RETRY_DELAYS_S[0]


def test_the_memory_is_bounded_and_the_oldest_is_forgotten(monkeypatch):
    monkeypatch.setattr(attempts, "MAX_REMEMBERED", 2)
    tried = Attempts()
    for message_id in ("oldest", "older", "oldest", "new"):
        tried.retry_after_s(order(message_id))

    assert [tried.retry_after_s(order(name)) for name in ("oldest", "new", "older")] == [
        RETRY_DELAYS_S[2],
        RETRY_DELAYS_S[1],
        RETRY_DELAYS_S[0],
    ]
