"""Submits that wait in an OperatorActor for a permit and a free window slot."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from messages.lanes import MessageContext

PRIORITIES = 4  # of a dispatch, 0..3; the highest first


@dataclass(slots=True)
class Order:
    """One submit_sm to be sent. Its repr shows no content.

    expires_at, published_at: seconds since the epoch. held_since, returned_at: monotonic seconds; returned_at: when a
    session was last done with it, and it was to be tried again.
    """

    key: int
    body: bytes
    context: MessageContext
    encoded_context: bytes
    priority: int
    expires_at: float | None
    published_at: float
    held_since: float
    returned_at: float | None = None

    def __repr__(self) -> str:
        return f"Order(key={self.key}, message_id={self.context.message_id!r})"


class OrderQueue:
    """First in, first out within a priority; a higher priority overtakes."""

    def __init__(self) -> None:
        self._queues: tuple[deque[Order], ...] = tuple(deque() for _ in range(PRIORITIES))
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def push(self, order: Order) -> None:
        self._queues[order.priority].append(order)
        self._size += 1

    def push_first(self, order: Order) -> None:
        """For an order that comes back: before all of its priority."""
        self._queues[order.priority].appendleft(order)
        self._size += 1

    def pop(self) -> Order:
        """The next order; IndexError when there is none."""
        for queue in reversed(self._queues):
            if queue:
                self._size -= 1
                return queue.popleft()
        raise IndexError("pop from an empty OrderQueue")

    def take_older_than(self, since: float) -> list[Order]:
        """Takes out what has been held since before that monotonic time."""
        return self._take(lambda order: order.held_since < since)

    def take_of_dispatch(self, reply: str) -> list[Order]:
        """Takes out the segments of one dispatch."""
        return self._take(lambda order: order.context.reply == reply)

    def drain(self) -> Iterator[Order]:
        """Takes out everything, in order."""
        while self._size:
            yield self.pop()

    def _take(self, is_wanted: Callable[[Order], bool]) -> list[Order]:
        taken: list[Order] = []
        for queue in self._queues:
            wanted = [order for order in queue if is_wanted(order)]
            if wanted:
                others = [order for order in queue if not is_wanted(order)]
                queue.clear()
                queue.extend(others)
                taken += wanted
        self._size -= len(taken)
        return taken
