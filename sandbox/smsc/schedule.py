"""Things to do later, by the ten thousand a second: a timer wheel without a timer each."""

import heapq
from math import ceil
from typing import Generic, TypeVar

T = TypeVar("T")

SLOTS_PER_S = 1000


class Schedule(Generic[T]):
    """Items by the time they are due (monotonic seconds), never early and at most one slot late.

    Those of one slot come out in the order in which they went in.
    """

    def __init__(self) -> None:
        self._slots: dict[int, list[T]] = {}
        self._order: list[int] = []

    def add(self, due: float, item: T) -> None:
        """Keep `item` until `due`."""
        slot = ceil(due * SLOTS_PER_S)
        items = self._slots.get(slot)
        if items is None:
            self._slots[slot] = [item]
            heapq.heappush(self._order, slot)
        else:
            items.append(item)

    def take_due(self, now: float) -> list[T]:
        """What is due by now, earliest slot first."""
        due: list[T] = []
        while self._order and self._order[0] / SLOTS_PER_S <= now:
            due += self._slots.pop(heapq.heappop(self._order))
        return due

    def next_due(self) -> float | None:
        """When the next item is due, None where none waits."""
        return self._order[0] / SLOTS_PER_S if self._order else None
