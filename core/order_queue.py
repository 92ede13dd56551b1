"""Submits that wait in an OperatorActor for a permit and a free window slot."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from messages.lanes import MessageContext

PRIORITIES = 4  # of a dispatch, 0..3; the highest first


@dataclass(slots=True)
class Order:
    """One submit_sm to be sent. Its repr shows no content.

    expires_at, published_at: seconds since the epoch. held_since: monotonic seconds. attempts: submit_sm that count.
    """

    key: int
    body: bytes
    context: MessageContext
    encoded_context: bytes
    priority: int
    expires_at: float | None
    published_at: float
    held_since: float
    attempts: int = 0

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
        taken = []
        for queue in self._queues:
            old = [order for order in queue if order.held_since < since]
            if old:
                young = [order for order in queue if order.held_since >= since]
                queue.clear()
                queue.extend(young)
                taken += old
        self._size -= len(taken)
        return taken

    def drain(self) -> Iterator[Order]:
        """Takes out everything, in order."""
        while self._size:
            yield self.pop()
