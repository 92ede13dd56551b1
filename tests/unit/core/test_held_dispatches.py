"""A dispatch goes back to JetStream as a whole."""

from core.held_dispatches import HeldDispatches
from core.order_queue import Order
from messages.lanes import MessageContext
from smpp.message_id import IdRule


def order(reply: str = "reply", held_since: float = 0.0) -> Order:
    context = MessageContext("m", "mno", 1, 2, reply, True, 60.0, IdRule.STRING, {}, "", False)
    return Order(1, b"", context, b"", 0, None, 0.0, held_since)


def held(count: int) -> HeldDispatches:
    dispatches = HeldDispatches()
    for _ in range(count):
        dispatches.arrived(order())
    return dispatches


def test_a_dispatch_whose_orders_all_end_here_does_not_go_back():
    dispatches = held(2)

    assert [dispatches.left(order()), dispatches.left(order())] == [None, None]


def test_a_dispatch_goes_back_with_the_last_of_its_orders_and_after_the_longest_delay():
    dispatches = held(3)
    assert not dispatches.is_going_back(order())

    for delay_s in (1.0, 3.0, 2.0):
        dispatches.give_back(order(), delay_s)

    assert dispatches.is_going_back(order())
    assert [dispatches.left(order()) for _ in range(3)] == [None, None, 3.0]
    assert not dispatches.is_going_back(order())


def test_another_dispatch_is_not_concerned():
    dispatches = held(1)
    dispatches.arrived(order("another"))
    dispatches.give_back(order(), 1.0)

    assert not dispatches.is_going_back(order("another"))
    assert dispatches.left(order("another")) is None


def test_what_has_been_held_for_long_is_known_until_it_leaves():
    dispatches = HeldDispatches()
    for reply, since in (("old", 10.0), ("older", 5.0), ("young", 20.0)):
        dispatches.arrived(order(reply, since))

    assert dispatches.older_than(20.0) == ["old", "older"]
    dispatches.left(order("old"))
    assert dispatches.older_than(20.0) == ["older"]
