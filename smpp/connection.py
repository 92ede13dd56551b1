"""A link with messages that wait for their answers: submit_sm from an ESME, deliver_sm from an SMSC."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from smpp.constants import RESP_BIT, CommandId, CommandStatus
from smpp.events import Event, LateAnswer
from smpp.hot import header
from smpp.link import Link
from smpp.session import MAY_SEND, SessionState
from smpp.window import SequenceNumbers, Window

_CONTROL_REQUESTS = 2
"""Most that wait at once: an enquire_link and an unbind; a bind waits alone."""


class Connection(Link, ABC):
    """What both ends do with messages; `message_command` is the request that this end sends."""

    def __init__(
        self,
        message_command: CommandId,
        may_receive: Mapping[int, tuple[SessionState, ...]],
        *,
        window: int,
        response_s: float,
        enquire_link_s: float | None,
        last_sequence_number: int,
    ) -> None:
        self._window = Window[object](window, response_s)
        control = Window[CommandId](_CONTROL_REQUESTS, response_s)
        sequence_numbers = SequenceNumbers(last_sequence_number, self._window, control)
        super().__init__(may_receive, control, sequence_numbers, enquire_link_s)
        self._message_command = message_command
        self._handlers[CommandId.GENERIC_NACK] = self._nacked
        self._handlers[message_command | RESP_BIT] = self._message_answered

    def configure(self, response_s: float, enquire_link_s: float | None) -> None:
        """New timers, for what is under way too."""
        self._window.configure(response_s)
        self._control.configure(response_s)
        self._enquire_link_s = enquire_link_s

    @property
    def free_slots(self) -> int:
        """How many more messages may be sent now; none where the state allows none."""
        return self._window.free_slots if self._state in MAY_SEND[self._message_command] else 0

    @property
    def in_flight(self) -> int:
        """How many messages wait for their answer."""
        return len(self._window)

    def unanswered(self) -> list[object]:
        """The keys of the messages that wait for their answer, oldest first."""
        return self._window.unanswered()

    def tick(self, now: float) -> list[Event]:
        """Report what is overdue, and ask a peer that has been silent for enquire_link_s whether it lives."""
        events = super().tick(now)  # first: with a link that is found dead the wait for its answers ends
        return [*map(self._message_timed_out, self._take_overdue(now)), *events]

    def next_deadline(self) -> float | None:
        """When tick() has something to do, None while nothing is awaited."""
        deadlines = (self._message_deadline(), super().next_deadline())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def _take_overdue(self, now: float) -> list[object]:
        """The keys of the messages whose time is over."""
        return self._window.overdue(now)

    def _message_deadline(self) -> float | None:
        return self._window.next_deadline()

    @abstractmethod
    def _message_answered(self, command_status: int, sequence_number: int, frame: bytes, now: float) -> Event: ...

    @abstractmethod
    def _message_timed_out(self, key: object) -> Event: ...

    def _send_message(self, body: bytes, key: object, now: float) -> int:
        self._require(self._message_command)
        sequence_number = self._sequence_numbers.take()
        self._window.open(sequence_number, key, now)
        self._out.append(header(self._message_command, CommandStatus.ESME_ROK, sequence_number, len(body)))
        self._out.append(body)
        return sequence_number

    def _nacked(self, command_status: int, sequence_number: int, frame: bytes, now: float) -> Event | None:
        """A generic_nack answers whatever request has its number, and never accepts it, whatever its status says."""
        command_id = self._control.key(sequence_number) or self._message_command
        handle = self._handlers[command_id | RESP_BIT]
        return handle(command_status or CommandStatus.ESME_RUNKNOWNERR, sequence_number, frame, now)

    def _late_answer(self, command_status: int, sequence_number: int, frame: bytes, smsc_message_id: str) -> Event:
        late = self._window.close_late(sequence_number)
        if late is None:
            return self._answers_nothing(frame)
        return LateAnswer(late[0], command_status, smsc_message_id)
