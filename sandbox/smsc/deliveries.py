"""Receipts and MO messages from when they are made until an ESME has accepted them."""

from collections import defaultdict

from sandbox.smsc.character import Character, ReceiptOrder
from sandbox.smsc.ledger import DeliverTally, Ledger
from sandbox.smsc.outbox import Delivery, Outbox
from sandbox.smsc.schedule import Schedule
from smpp.constants import CommandStatus

MAX_RETRY_S = 60.0
"""Where the doubling of deliver_retry_s ends."""


class Deliveries:
    """Every deliver_sm: when it is due, to whom it goes, and whether it goes again."""

    def __init__(self, character: Character, ledger: Ledger) -> None:
        self._ledger = ledger
        self._outboxes: defaultdict[str, Outbox] = defaultdict(Outbox)
        self._scheduled: Schedule[Delivery] = Schedule()
        self._due: list[Delivery] = []
        self.character = character

    def outbox(self, system_id: str) -> Outbox:
        """Where the deliver_sm of a system_id wait."""
        return self._outboxes[system_id]

    def make(self, system_id: str, body: bytes, tally: DeliverTally) -> Delivery | None:
        """A new deliver_sm, None (and counted as dropped) where too many are pending."""
        tally.made += 1
        if self._ledger.receipts.pending + self._ledger.mo.pending > self.character.max_pending:
            tally.dropped += 1
            return None
        return Delivery(system_id, body, tally)

    def send_at(self, due: float, delivery: Delivery, now: float) -> None:
        """Send it at `due`; where that is now, with the next work()."""
        if due <= now:
            self._due.append(delivery)
        else:
            self._scheduled.add(due, delivery)

    def send_at_once(self, delivery: Delivery, now: float) -> None:
        """Send it before anything else happens, if a bind has room for it."""
        outbox = self._outboxes[delivery.system_id]
        outbox.add(delivery)
        outbox.send(now)

    def answered(self, delivery: Delivery, command_status: int, now: float) -> None:
        """The ESME answered, in time or late."""
        if command_status != CommandStatus.ESME_ROK:
            delivery.tally.refused += 1
            self._send_again(delivery, now)
        elif not delivery.settled:
            delivery.settled = True
            delivery.tally.answered += 1

    def timed_out(self, delivery: Delivery, now: float) -> None:
        """The ESME did not answer."""
        delivery.tally.timed_out += 1
        self._send_again(delivery, now)

    def work(self, now: float) -> None:
        """Send what is due, as the windows allow."""
        due = [*self._scheduled.take_due(now), *self._due]
        self._due.clear()
        if self.character.receipt_order is ReceiptOrder.REVERSED:
            due.reverse()
        for delivery in due:
            self._outboxes[delivery.system_id].add(delivery)
        for outbox in self._outboxes.values():
            outbox.send(now)

    def next_due(self) -> float | None:
        """When work() has something to do (monotonic seconds), None while nothing is scheduled."""
        return self._scheduled.next_due()

    def _send_again(self, delivery: Delivery, now: float) -> None:
        if delivery.settled:
            return
        delivery.failures += 1
        if delivery.failures > self.character.deliver_retries:
            delivery.settled = True
            delivery.tally.given_up += 1
            return
        wait_s = min(MAX_RETRY_S, self.character.deliver_retry_s * 2 ** (delivery.failures - 1))
        self._scheduled.add(now + wait_s, delivery)
