"""Dispatches that have segments in an OperatorActor, from the first to come to the last to leave."""

from core.order_queue import Order


class HeldDispatches:
    """A dispatch has one acknowledgement for all its segments, so it goes back to JetStream as a whole: once, and when
    no segment of it is left here. Else its redelivery and this actor would both send the same segment.
    """

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._since: dict[str, float] = {}
        self._going_back: dict[str, float] = {}

    def arrived(self, order: Order) -> None:
        reply = order.context.reply
        self._held[reply] = self._held.get(reply, 0) + 1
        self._since[reply] = order.held_since

    def older_than(self, since: float) -> list[str]:
        """Reply subjects of what has been held since before that monotonic time."""
        return [reply for reply, held_since in self._since.items() if held_since < since]

    def give_back(self, order: Order, delay_s: float) -> None:
        """The dispatch of this order is to go back, to come again after the longest delay asked for."""
        reply = order.context.reply
        self._going_back[reply] = max(delay_s, self._going_back.get(reply, 0.0))

    def is_going_back(self, order: Order) -> bool:
        return order.context.reply in self._going_back

    def left(self, order: Order) -> float | None:
        """One order less. The delay when the dispatch is to be given back now, else None."""
        reply = order.context.reply
        self._held[reply] -= 1
        if self._held[reply]:
            return None
        del self._held[reply], self._since[reply]
        return self._going_back.pop(reply, None)
