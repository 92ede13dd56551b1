"""What becomes of a submit_sm: a verdict, an answer now, later or never, and receipts."""

from time import time_ns
from typing import NamedTuple

from sandbox.smsc.behaviour import Behaviour
from sandbox.smsc.character import Receipts
from sandbox.smsc.deliveries import Deliveries
from sandbox.smsc.ledger import Ledger
from sandbox.smsc.link import Link
from sandbox.smsc.message_ids import MessageIds
from sandbox.smsc.receipt_body import receipt_body
from sandbox.smsc.record import Record
from sandbox.smsc.schedule import Schedule
from sandbox.smsc.sightings import content_of, marker_of
from smpp.constants import CommandStatus
from smpp.events import SubmitReceived
from smpp.hot import ShortMessage

_OK = int(CommandStatus.ESME_ROK)

MAX_WAITING = 10_000
"""submit_sm of one link whose answers are delayed; what comes on top is refused with ESME_RMSGQFUL."""


class _Answer(NamedTuple):
    """A submit_sm_resp to be sent later."""

    link: Link
    sequence_number: int
    command_status: int
    smsc_message_id: str


class Submits:
    """Takes the submit_sm of every link."""

    def __init__(self, behaviour: Behaviour, ledger: Ledger, deliveries: Deliveries, record: Record | None) -> None:
        self._behaviour = behaviour
        self._ledger = ledger
        self._deliveries = deliveries
        self._record = record
        self._answers: Schedule[_Answer] = Schedule()
        self.message_ids = MessageIds(behaviour.character)

    def take(self, link: Link, event: SubmitReceived, now: float) -> None:
        """Judge a submit_sm, and answer it or plan to."""
        message, at_ns = event.message, time_ns()
        delay_s = self._behaviour.answer_delay_s()
        command_status, smsc_message_id = self._verdict(link, message, now), ""
        self._ledger.submitted(link.system_id, command_status, now, at_ns / 1e9)
        if command_status == _OK:
            smsc_message_id = self._accept(link.system_id, message, now + delay_s, now, at_ns / 1e9)
        if self._record is not None:
            self._record.write(at_ns, link, message, command_status, smsc_message_id)
        if command_status == _OK and self._behaviour.leaves_unanswered():
            self._ledger.left_unanswered(link.system_id)
        else:
            self._answer(_Answer(link, event.sequence_number, command_status, smsc_message_id), now, delay_s)

    def work(self, now: float) -> None:
        """Send the answers that are due."""
        for link, sequence_number, command_status, smsc_message_id in self._answers.take_due(now):
            link.waiting -= 1
            link.connection.answer_submit(sequence_number, command_status, smsc_message_id)
            link.flush_soon()

    def next_due(self) -> float | None:
        """When work() has something to do (monotonic seconds), None while no answer waits."""
        return self._answers.next_due()

    def _answer(self, answer: _Answer, now: float, delay_s: float) -> None:
        link, sequence_number, command_status, smsc_message_id = answer
        if delay_s:
            link.waiting += 1
            self._answers.add(now + delay_s, answer)
        else:
            link.connection.answer_submit(sequence_number, command_status, smsc_message_id)

    def _verdict(self, link: Link, message: ShortMessage, now: float) -> int:
        if link.waiting >= MAX_WAITING:
            return CommandStatus.ESME_RMSGQFUL
        return self._behaviour.submit_status(link.system_id, message.destination_addr, now)

    def _accept(self, system_id: str, message: ShortMessage, answer_due: float, now: float, at: float) -> str:
        content = content_of(message)
        self._ledger.accepted(message, content, marker_of(content))
        in_response, in_receipt = self.message_ids.take()
        character = self._behaviour.character
        for planned in self._behaviour.receipts_for(message.registered_delivery):
            body = receipt_body(message, in_receipt, planned, at, character)
            delivery = self._deliveries.make(system_id, body, self._ledger.receipts)
            if delivery is None:
                continue
            if character.receipts is Receipts.BEFORE_RESPONSE:
                self._deliveries.send_at_once(delivery, now)
            else:
                self._deliveries.send_at(answer_due + planned.delay_s, delivery, now)
        return in_response
