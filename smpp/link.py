"""One end of an SMPP link without its messages: what needs no decision (SMPP 3.4, 2.2 to 2.9 and 7.2).

Here are state, refusals, enquire_link and unbind; `smpp.connection` adds the messages. No sockets and no clock:
the caller owns the link and the time (monotonic seconds, never running backwards).

- What was read goes into receive_data(), and events come out.
- What data_to_send() gives is written. While the link cannot take it, nothing more is read: that bounds the answers
  that gather here.
- At next_deadline() comes a tick(). What was received before goes in first, for it may be the answer awaited.

Nothing a peer sends raises: what it gets wrong is answered as SMPP 3.4 says and reported as PduRefused.
"""

from collections.abc import Callable, Mapping, Sequence
from struct import Struct

from smpp.constants import CommandId, CommandStatus
from smpp.errors import PduError, StreamError
from smpp.events import EnquireLinkAnswered, Event, LinkSilent, PduRefused, PeerUnbound, StreamBroken, Unbound
from smpp.framing import FrameBuffer, parse_header
from smpp.hot import pdu
from smpp.refusal import refusal, status_out_of_state
from smpp.session import BOUND, EVERY_STATE, MAY_SEND, SessionState, Step, WrongState, next_state
from smpp.window import SequenceNumbers, Window

_NO_SEQUENCE_NUMBER = 0
"""What a generic_nack echoes where the number of what it answers is not known (4.3.1)."""

Handler = Callable[[int, int, bytes, float], Event | None]
"""Takes command_status, sequence_number, the whole PDU and the time."""

_id_status_sequence_number = Struct(">4xIII").unpack_from


class Link:
    """State, refusals, enquire_link and unbind of one end; `enquire_link_s` None asks only when told to."""

    def __init__(
        self,
        may_receive: Mapping[int, tuple[SessionState, ...]],
        control: Window[CommandId],
        sequence_numbers: SequenceNumbers,
        enquire_link_s: float | None,
    ) -> None:
        self._state = SessionState.OPEN
        self._may_receive = may_receive
        self._control = control
        self._sequence_numbers = sequence_numbers
        self._enquire_link_s = enquire_link_s
        self._heard_at = 0.0
        self._frames = FrameBuffer()
        self._out: list[bytes] = []
        self._handlers: dict[int, Handler] = {
            CommandId.ENQUIRE_LINK: self._enquire_link_received,
            CommandId.ENQUIRE_LINK_RESP: self._enquire_link_answered,
            CommandId.UNBIND: self._unbind_received,
            CommandId.UNBIND_RESP: self._unbind_answered,
        }
        self._timeouts: dict[CommandId, Callable[[], Event]] = {
            CommandId.ENQUIRE_LINK: self._enquire_link_timed_out,
            CommandId.UNBIND: self._unbind_timed_out,
        }

    @property
    def state(self) -> SessionState:
        return self._state

    def data_to_send(self) -> bytes:
        """What is to be written; each octet is given once."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def receive_data(self, data: bytes, now: float) -> list[Event]:
        """Take what was read from the link and report what it says."""
        if self._state is SessionState.CLOSED:
            return []
        try:
            return self._receive(self._frames.feed(data), now)
        except StreamError as error:
            return [*self._receive(error.frames, now), self._break_stream(error.reason)]

    def tick(self, now: float) -> list[Event]:
        """Report what is overdue, and ask a peer that has been silent for enquire_link_s whether it lives."""
        events = [self._timeouts[command]() for command in self._control.overdue(now)]
        enquire_link_at = self._enquire_link_at()
        if enquire_link_at is not None and enquire_link_at <= now:
            self._request(CommandId.ENQUIRE_LINK, now)
        return events

    def next_deadline(self) -> float | None:
        """When tick() has something to do, None while nothing is awaited."""
        deadlines = (self._control.next_deadline(), self._enquire_link_at())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def enquire_link(self, now: float) -> None:
        """Ask the peer whether it lives, unless a question is already under way; WrongState unless bound."""
        self._require(CommandId.ENQUIRE_LINK)
        if not self._is_enquiring():
            self._request(CommandId.ENQUIRE_LINK, now)

    def unbind(self, now: float) -> None:
        """Ask to part: no more messages go out, answers still do, an Unbound event ends it; WrongState unless bound."""
        self._move(Step.UNBIND)
        self._request(CommandId.UNBIND, now)

    def _receive(self, frames: Sequence[bytes], now: float) -> list[Event]:
        if frames:
            self._heard_at = now
        events = [self._receive_pdu(frame, now) for frame in frames]
        return [event for event in events if event is not None]

    def _receive_pdu(self, frame: bytes, now: float) -> Event | None:
        command_id, command_status, sequence_number = _id_status_sequence_number(frame)
        handle = self._handlers.get(command_id)
        if handle is None or self._state not in self._may_receive.get(command_id, EVERY_STATE):
            return self._refuse_out_of_state(command_id, sequence_number)
        try:
            return handle(command_status, sequence_number, frame, now)
        except PduError as error:
            return self._refuse(command_id, sequence_number, error.command_status, error.reason)

    def _refuse_out_of_state(self, command_id: int, sequence_number: int) -> PduRefused:
        command_status = status_out_of_state(command_id, self._state)
        return self._refuse(command_id, sequence_number, command_status, f"not taken in state {self._state.value}")

    def _refuse(self, command_id: int, sequence_number: int, command_status: int, reason: str) -> PduRefused:
        self._out.append(refusal(command_id, sequence_number, command_status))
        return PduRefused(reason, command_id)

    def _break_stream(self, reason: str) -> StreamBroken:
        self._out.append(pdu(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDLEN, _NO_SEQUENCE_NUMBER))
        self._move(Step.STREAM_BROKEN)
        return StreamBroken(reason)

    def _enquire_link_received(self, _status: int, sequence_number: int, _frame: bytes, _now: float) -> None:
        self._out.append(pdu(CommandId.ENQUIRE_LINK_RESP, CommandStatus.ESME_ROK, sequence_number))

    def _enquire_link_answered(self, _status: int, sequence_number: int, frame: bytes, now: float) -> Event:
        asked = self._close_control(CommandId.ENQUIRE_LINK, sequence_number)
        return EnquireLinkAnswered(now - asked[1]) if asked else self._answers_nothing(frame)

    def _enquire_link_timed_out(self) -> LinkSilent:
        self._move(Step.LINK_SILENT)
        return LinkSilent()

    def _unbind_received(self, _status: int, sequence_number: int, _frame: bytes, _now: float) -> PeerUnbound:
        self._out.append(pdu(CommandId.UNBIND_RESP, CommandStatus.ESME_ROK, sequence_number))
        self._move(Step.PEER_UNBIND)
        return PeerUnbound()

    def _unbind_answered(self, _status: int, sequence_number: int, frame: bytes, _now: float) -> Event:
        if not self._close_control(CommandId.UNBIND, sequence_number):
            return self._answers_nothing(frame)
        self._move(Step.UNBIND_SETTLED)
        return Unbound()

    def _unbind_timed_out(self) -> Unbound:
        self._move(Step.UNBIND_SETTLED)
        return Unbound(timed_out=True)

    def _request(self, command_id: CommandId, now: float) -> None:
        sequence_number = self._sequence_numbers.take()
        self._control.open(sequence_number, command_id, now)
        self._out.append(pdu(command_id, CommandStatus.ESME_ROK, sequence_number))

    def _close_control(self, command_id: CommandId, sequence_number: int) -> tuple[CommandId, float] | None:
        if self._control.key(sequence_number) != command_id:
            return None
        return self._control.close(sequence_number)

    def _answers_nothing(self, frame: bytes) -> PduRefused:
        return PduRefused("answers nothing that waits", parse_header(frame).command_id)

    def _require(self, command_id: CommandId) -> None:
        if self._state not in MAY_SEND[command_id]:
            raise WrongState(f"{command_id.name.lower()} in state {self._state.value}")

    def _move(self, step: Step) -> None:
        self._state = next_state(self._state, step)
        if self._state in (SessionState.UNBOUND, SessionState.CLOSED):
            self._control.clear()  # nobody acts on these answers any more

    def _is_enquiring(self) -> bool:
        return CommandId.ENQUIRE_LINK in self._control.unanswered()

    def _enquire_link_at(self) -> float | None:
        if self._enquire_link_s is None or self._state not in BOUND or self._is_enquiring():
            return None
        return self._heard_at + self._enquire_link_s
