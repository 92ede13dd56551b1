"""Requests under way in both directions: bounded, with deadlines that need no timer each (SMPP 3.4, 2.9 and 7.2)."""

from collections.abc import Container
from typing import Generic, TypeVar

from smpp.constants import MAX_SEQUENCE

LATE_ANSWERS_AWAITED = 1000
"""Timed-out requests remembered, oldest forgotten first, so that a late answer can be told from a foreign one."""

Key = TypeVar("Key")
"""What the sender of a request knows it by."""


class WindowFull(Exception):
    """As many requests are unanswered as the window allows."""


class Window(Generic[Key]):
    """Requests we sent: at most `size` unanswered, each for at most `response_s`.

    All wait equally long, so the order of sending is the order of their deadlines, and a dict keeps it.
    """

    __slots__ = ("_late", "_open", "_response_s", "_size")

    def __init__(self, size: int, response_s: float) -> None:
        self._size = size
        self._response_s = response_s
        self._open: dict[int, tuple[Key, float]] = {}
        self._late: dict[int, Key] = {}

    def configure(self, response_s: float) -> None:
        """A new time to answer, for those under way too."""
        self._response_s = response_s

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, sequence_number: object) -> bool:
        """Whether an answer with this number would be taken for one of ours, late ones included."""
        return sequence_number in self._open or sequence_number in self._late

    @property
    def free_slots(self) -> int:
        return self._size - len(self._open)

    def open(self, sequence_number: int, key: Key, now: float) -> None:
        """Start waiting for an answer; WindowFull where no slot is free."""
        if len(self._open) >= self._size:
            raise WindowFull(f"{self._size} requests are unanswered")
        self._open[sequence_number] = (key, now)

    def close(self, sequence_number: int) -> tuple[Key, float] | None:
        """Stop waiting for this answer: the key, and when the request was sent; None where none is awaited."""
        return self._open.pop(sequence_number, None)

    def close_late(self, sequence_number: int) -> tuple[Key] | None:
        """The key of a timed-out request, once; in a tuple, because a key may be None. None if it is unknown."""
        return (self._late.pop(sequence_number),) if sequence_number in self._late else None

    def key(self, sequence_number: int) -> Key | None:
        """The key of an unanswered request, None where there is none."""
        return self._open.get(sequence_number, (None,))[0]

    def unanswered(self) -> list[Key]:
        """The keys of the unanswered requests, oldest first."""
        return [key for key, _ in self._open.values()]

    def oldest_sent_at(self) -> float | None:
        """When the request was sent that waits longest, None where none does."""
        for _, sent_at in self._open.values():
            return sent_at
        return None

    def next_deadline(self) -> float | None:
        """When the oldest request times out, None where none waits."""
        sent_at = self.oldest_sent_at()
        return None if sent_at is None else sent_at + self._response_s

    def overdue(self, now: float) -> list[Key]:
        """The keys of the requests whose response_s has passed, oldest first; they give their slots back."""
        numbers = self._overdue_numbers(now)
        keys = [self._open.pop(number)[0] for number in numbers]
        self._await_late(dict(zip(numbers, keys, strict=True)))
        return keys

    def _overdue_numbers(self, now: float) -> list[int]:
        numbers: list[int] = []
        for number, (_, sent_at) in self._open.items():
            if sent_at + self._response_s > now:  # the sum of next_deadline(), or rounding would let a tick miss
                break
            numbers.append(number)
        return numbers

    def _await_late(self, keys: dict[int, Key]) -> None:
        self._late.update(keys)
        while len(self._late) > LATE_ANSWERS_AWAITED:
            del self._late[next(iter(self._late))]

    def clear(self) -> None:
        """Stop waiting for every answer, the late ones too."""
        self._open.clear()
        self._late.clear()


class Backlog:
    """Requests the peer sent and we have not answered yet: at most `size`, and `most_bytes` together.

    Kept by sequence number: some SMSCs give every request the same one.
    """

    __slots__ = ("_bytes", "_count", "_most_bytes", "_octets", "_size")

    def __init__(self, size: int, most_bytes: int) -> None:
        self._size = size
        self._most_bytes = most_bytes
        self._count = 0
        self._bytes = 0
        self._octets: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return self._count

    def open(self, sequence_number: int, octets: int) -> bool:
        """Take a request of so many octets; False where there is no room for it."""
        if self._count >= self._size or self._bytes + octets > self._most_bytes:
            return False
        self._count += 1
        self._bytes += octets
        self._octets.setdefault(sequence_number, []).append(octets)
        return True

    def close(self, sequence_number: int) -> bool:
        """Note that a request is answered; False where none with this number is open."""
        same_number = self._octets.get(sequence_number)
        if not same_number:
            return False
        self._bytes -= same_number.pop()
        self._count -= 1
        if not same_number:
            del self._octets[sequence_number]
        return True


class SequenceNumbers:
    """Our own sequence numbers: 1..0x7fffffff, then 1 again, skipping those in use (5.1.4)."""

    __slots__ = ("_control", "_last", "_messages")

    def __init__(self, last: int, messages: Container[int], control: Container[int]) -> None:
        self._last = last
        self._messages = messages
        self._control = control

    def take(self) -> int:
        """The next number that no request of ours has."""
        number = self._last % MAX_SEQUENCE + 1
        while number in self._messages or number in self._control:
            number = number % MAX_SEQUENCE + 1
        self._last = number
        return number
