"""Submits that wait for a permit and a free slot."""

import pytest

from core.order_queue import Order, OrderQueue
from messages.lanes import MessageContext
from smpp.message_id import IdRule


def order(key: int, *, priority: int = 0, held_since: float = 0.0, reply: str = "reply") -> Order:
    context = MessageContext("m", "mno", 1, 1, reply, True, 60.0, IdRule.STRING, {}, "", False)
    return Order(key, b"marked value", context, b"marked value", priority, None, 0.0, held_since)


def queue(*orders: Order) -> OrderQueue:
    filled = OrderQueue()
    for one in orders:
        filled.push(one)
    return filled


def keys(filled: OrderQueue) -> list[int]:
    return [one.key for one in filled.drain()]


def test_higher_priorities_come_first_and_equal_ones_in_their_order():
    filled = queue(order(1), order(2, priority=3), order(3), order(4, priority=1), order(5, priority=3))

    assert len(filled) == 5
    assert keys(filled) == [2, 5, 4, 1, 3]
    assert len(filled) == 0


def test_an_order_that_comes_back_is_first_of_its_priority():
    filled = queue(order(1), order(2, priority=1))
    filled.push_first(order(3))

    assert keys(filled) == [2, 3, 1]


def test_an_empty_queue_has_no_next_order():
    with pytest.raises(IndexError, match="empty OrderQueue"):
        OrderQueue().pop()


def test_what_is_too_old_is_taken_out_and_the_rest_keeps_its_order():
    filled = queue(order(1, held_since=9.9), order(2, held_since=10.0), order(3, held_since=1.0), order(4, priority=1))

    assert [one.key for one in filled.take_older_than(10.0)] == [1, 3, 4]
    assert len(filled) == 1
    assert keys(filled) == [2]


def test_the_segments_of_one_dispatch_are_taken_out():
    filled = queue(order(1, reply="a"), order(2, reply="b"), order(3, reply="a"))

    assert [one.key for one in filled.take_of_dispatch("a")] == [1, 3]
    assert keys(filled) == [2]


def test_an_order_shows_no_content():
    assert repr(order(7)) == "Order(key=7, message_id='m')"
