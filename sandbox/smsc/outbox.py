"""deliver_sm on their way to the binds of one system_id."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from sandbox.smsc.ledger import DeliverTally


@dataclass(slots=True, eq=False)
class Delivery:
    """A receipt or an MO message until an ESME accepts it; `body` as deliver_sm has it, `tally` where it counts."""

    system_id: str
    body: bytes = field(repr=False)
    tally: DeliverTally
    failures: int = 0
    settled: bool = False


class Receiver(Protocol):
    """A bind that takes deliver_sm."""

    @property
    def room(self) -> int:
        """How many more it may have unanswered."""

    def deliver(self, delivery: Delivery, now: float) -> None:
        """Send one."""


class Outbox:
    """Kept while nobody can receive, else sent to the binds in turn, as their windows allow."""

    def __init__(self) -> None:
        self._ready: deque[Delivery] = deque()
        self._receivers: deque[Receiver] = deque()

    def add(self, delivery: Delivery) -> None:
        """Send this one after the others."""
        self._ready.append(delivery)

    def put_back(self, deliveries: Iterable[Delivery]) -> None:
        """Send these first: they were under way on a bind that is gone. Oldest first."""
        self._ready.extendleft([*deliveries][::-1])

    def join(self, receiver: Receiver) -> None:
        """A bind that can receive is up."""
        self._receivers.append(receiver)

    def leave(self, receiver: Receiver) -> None:
        """A bind is gone; one that never joined may leave too."""
        if receiver in self._receivers:
            self._receivers.remove(receiver)

    def send(self, now: float) -> None:
        """Send what the windows allow."""
        ready, receivers = self._ready, self._receivers
        full = 0
        while ready and full < len(receivers):
            receiver = receivers[0]
            receivers.rotate(-1)
            if receiver.room <= 0:
                full += 1
                continue
            full = 0
            delivery = ready.popleft()
            if not delivery.settled:
                receiver.deliver(delivery, now)
