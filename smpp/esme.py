"""The ESME's end of an SMPP link: ours towards an operator."""

from functools import partial

from smpp.bind import BindMode, BindRequest, decode_bind_resp, encode_bind
from smpp.connection import Connection
from smpp.constants import RESP_BIT, CommandId, CommandStatus
from smpp.errors import PduError
from smpp.events import (
    AlertReceived,
    BindRefused,
    BindTimedOut,
    Bound,
    DeliverReceived,
    Event,
    SubmitAnswered,
    SubmitTimedOut,
)
from smpp.hot import decode_data_sm, decode_short_message, decode_submit_sm_resp, pdu
from smpp.session import BIND_STEPS, BOUND, ESME_MAY_RECEIVE, Step, WrongState
from smpp.window import Backlog

_DELIVER_SM = CommandId.DELIVER_SM
_DATA_SM = CommandId.DATA_SM

MAX_UNANSWERED_DELIVERS = 5000
MAX_UNANSWERED_BYTES = 8 * 1024 * 1024
"""More deliver_sm and data_sm than that are not held at once, but sent back to be delivered again."""


class EsmeConnection(Connection):
    """Binds, submits, and takes deliveries.

    A submit whose time is over on a link that has said nothing since keeps its place in the window, and the SMSC is
    asked whether it lives: a link that swallows everything gets no more than one window. Once anything is heard, what
    is overdue times out.

    `window` is how many submits may be unanswered, `response_s` how long the SMSC has for each answer,
    `enquire_link_s` how long it may be silent before it is asked whether it lives, `last_sequence_number` the
    one before the first that is used.
    """

    def __init__(
        self,
        *,
        window: int,
        response_s: float,
        enquire_link_s: float,
        max_unanswered_delivers: int = MAX_UNANSWERED_DELIVERS,
        last_sequence_number: int = 0,
    ) -> None:
        super().__init__(
            CommandId.SUBMIT_SM,
            ESME_MAY_RECEIVE,
            window=window,
            response_s=response_s,
            enquire_link_s=enquire_link_s,
            last_sequence_number=last_sequence_number,
        )
        self._delivers = Backlog(max_unanswered_delivers, MAX_UNANSWERED_BYTES)
        self._handlers[_DELIVER_SM] = self._deliver_received
        self._handlers[_DATA_SM] = self._data_received
        self._handlers[CommandId.ALERT_NOTIFICATION] = self._alert_received
        for mode in BindMode:
            self._handlers[mode.value | RESP_BIT] = partial(self._bind_answered, mode)
            self._timeouts[mode.value] = partial(self._bind_timed_out, mode)

    def bind(self, request: BindRequest, now: float) -> None:
        """Ask to be let in; a Bound, BindRefused or BindTimedOut follows.

        Raises WrongState unless OPEN, and ValueError, naming the field, for what a bind cannot carry.
        """
        sequence_number = self._sequence_numbers.take()
        whole = encode_bind(request, sequence_number)
        self._move(BIND_STEPS[request.mode.value])
        self._control.open(sequence_number, request.mode.value, now)
        self._out.append(whole)

    def submit(self, body: bytes, key: object, now: float) -> int:
        """Send a submit_sm with this body and return its sequence_number; `key` comes back with its outcome.

        Raises WrongState where the session may not submit, and WindowFull.
        """
        return self._send_message(body, key, now)

    def answer(self, sequence_number: int, command_id: int, command_status: int) -> None:
        """Answer a DeliverReceived, named by its sequence_number and command_id, whatever the state is by now.

        Raises WrongState where none with this number waits.
        """
        if not self._delivers.close(sequence_number):
            raise WrongState("no deliver_sm or data_sm with this sequence_number waits for an answer")
        self._out.append(pdu(command_id | RESP_BIT, command_status, sequence_number, b"\0"))

    def _bind_answered(
        self, mode: BindMode, command_status: int, sequence_number: int, frame: bytes, _now: float
    ) -> Event:
        if not self._close_control(mode.value, sequence_number):
            return self._answers_nothing(frame)
        if command_status != CommandStatus.ESME_ROK:
            self._move(Step.BIND_REFUSED)
            return BindRefused(mode, command_status)
        self._move(Step.BIND_ACCEPTED)
        smsc = decode_bind_resp(frame)
        return Bound(mode, smsc.system_id, smsc.interface_version)

    def _bind_timed_out(self, mode: BindMode) -> BindTimedOut:
        self._move(Step.BIND_TIMED_OUT)
        return BindTimedOut(mode)

    def _message_answered(self, command_status: int, sequence_number: int, frame: bytes, now: float) -> Event:
        smsc_message_id = "" if command_status else decode_submit_sm_resp(frame)
        submit = self._window.close(sequence_number)
        if submit is None:
            return self._late_answer(command_status, sequence_number, frame, smsc_message_id)
        key, sent_at = submit
        return SubmitAnswered(key, command_status, smsc_message_id, now - sent_at)

    def _take_overdue(self, now: float) -> list[object]:
        if not self._is_in_doubt():
            return super()._take_overdue(now)
        deadline = self._window.next_deadline()
        if deadline is not None and deadline <= now:
            self.enquire_link(now)
        return []

    def _message_deadline(self) -> float | None:
        return None if self._is_in_doubt() and self._is_enquiring() else super()._message_deadline()

    def _is_in_doubt(self) -> bool:
        """Whether the SMSC has said nothing since the oldest of the unanswered submits."""
        sent_at = self._window.oldest_sent_at()
        return self._state in BOUND and sent_at is not None and self._heard_at <= sent_at

    def _message_timed_out(self, key: object) -> SubmitTimedOut:
        return SubmitTimedOut(key)

    def _deliver_received(self, _status: int, sequence_number: int, frame: bytes, _now: float) -> DeliverReceived:
        message = decode_short_message(frame)
        self._hold(_DELIVER_SM, sequence_number, len(frame))
        return DeliverReceived(sequence_number, _DELIVER_SM, message)

    def _data_received(self, _status: int, sequence_number: int, frame: bytes, _now: float) -> DeliverReceived:
        message = decode_data_sm(frame)
        self._hold(_DATA_SM, sequence_number, len(frame))
        return DeliverReceived(sequence_number, _DATA_SM, message)

    def _hold(self, command_id: CommandId, sequence_number: int, octets: int) -> None:
        if not self._delivers.open(sequence_number, octets):
            reason = "too many deliveries wait for their answer"
            raise PduError(command_id, CommandStatus.ESME_RX_T_APPN, sequence_number, reason)

    def _alert_received(self, _status: int, _sequence_number: int, _frame: bytes, _now: float) -> AlertReceived:
        return AlertReceived()
