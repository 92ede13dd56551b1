"""The SMSC's end of an SMPP link, for the simulator and the tests."""

from dataclasses import asdict
from functools import partial
from typing import NoReturn

from smpp.bind import BindMode, decode_bind, encode_bind_resp
from smpp.connection import Connection
from smpp.constants import RESP_BIT, CommandId, CommandStatus
from smpp.errors import PduError
from smpp.events import BindRequested, DeliverAnswered, DeliverTimedOut, EnquireLinkReceived, Event, SubmitReceived
from smpp.framing import parse_header
from smpp.hot import decode_short_message, encode_submit_sm_resp, pdu
from smpp.session import BIND_STEPS, SMSC_MAY_RECEIVE, Step

_NOT_OFFERED = {
    CommandId.SUBMIT_MULTI: CommandStatus.ESME_RINVCMDID,
    CommandId.DATA_SM: CommandStatus.ESME_RINVCMDID,
    CommandId.QUERY_SM: CommandStatus.ESME_RQUERYFAIL,
    CommandId.CANCEL_SM: CommandStatus.ESME_RCANCELFAIL,
    CommandId.REPLACE_SM: CommandStatus.ESME_RREPLACEFAIL,
}
"""Commands an ESME may send once it is bound, and what this SMSC answers to them."""


class SmscConnection(Connection):
    """Lets an ESME in, takes its submits, and delivers.

    `window` is how many deliver_sm may be unanswered, `response_s` how long the ESME has for each answer,
    `enquire_link_s` how long it may be silent before it is asked whether it lives (None asks only when told to),
    `last_sequence_number` the one before the first that is used.
    """

    def __init__(
        self,
        *,
        window: int,
        response_s: float,
        enquire_link_s: float | None = None,
        last_sequence_number: int = 0,
    ) -> None:
        super().__init__(
            CommandId.DELIVER_SM,
            SMSC_MAY_RECEIVE,
            window=window,
            response_s=response_s,
            enquire_link_s=enquire_link_s,
            last_sequence_number=last_sequence_number,
        )
        self._handlers[CommandId.ENQUIRE_LINK] = self._enquired
        self._handlers[CommandId.SUBMIT_SM] = self._submit_received
        for mode in BindMode:
            self._handlers[mode.value] = partial(self._bind_requested, mode)
        for command_id in _NOT_OFFERED:
            self._handlers[command_id] = self._not_offered

    def accept_bind(self, sequence_number: int, mode: BindMode, system_id: str) -> None:
        """Let the ESME in, `system_id` being the SMSC's own; WrongState where no bind waits any more."""
        whole = encode_bind_resp(mode, sequence_number, system_id)
        self._move(Step.BIND_ACCEPTED)
        self._out.append(whole)

    def refuse_bind(self, sequence_number: int, mode: BindMode, command_status: int) -> None:
        """Keep the ESME out; it may try again on the same link. WrongState where no bind waits any more."""
        self._move(Step.BIND_REFUSED)
        self._out.append(pdu(mode.value | RESP_BIT, command_status, sequence_number))

    def answer_submit(self, sequence_number: int, command_status: int, message_id: str) -> None:
        """Answer a SubmitReceived, in whatever state the session is by now; ValueError for an impossible message_id."""
        self._out.append(encode_submit_sm_resp(sequence_number, command_status, message_id))

    def deliver(self, body: bytes, key: object, now: float) -> int:
        """Send a deliver_sm with this body and return its sequence_number; `key` comes back with its outcome.

        Raises WrongState where the session may not deliver, and WindowFull.
        """
        return self._send_message(body, key, now)

    def send_raw(self, data: bytes) -> None:
        """Send these octets as they are, whatever the state: for faults."""
        self._out.append(data)

    def _bind_requested(
        self, mode: BindMode, _status: int, sequence_number: int, frame: bytes, _now: float
    ) -> BindRequested:
        request = decode_bind(frame)
        self._move(BIND_STEPS[mode.value])
        return BindRequested(sequence_number, **asdict(request))

    def _enquired(self, status: int, sequence_number: int, frame: bytes, now: float) -> EnquireLinkReceived:
        self._enquire_link_received(status, sequence_number, frame, now)
        return EnquireLinkReceived()

    def _submit_received(self, _status: int, sequence_number: int, frame: bytes, _now: float) -> SubmitReceived:
        return SubmitReceived(sequence_number, decode_short_message(frame))

    def _not_offered(self, _status: int, sequence_number: int, frame: bytes, _now: float) -> NoReturn:
        command_id = CommandId(parse_header(frame).command_id)
        raise PduError(command_id, _NOT_OFFERED[command_id], sequence_number, "not offered by this SMSC")

    def _message_answered(self, command_status: int, sequence_number: int, frame: bytes, now: float) -> Event:
        deliver = self._window.close(sequence_number)
        if deliver is None:
            return self._late_answer(command_status, sequence_number, frame, "")
        key, sent_at = deliver
        return DeliverAnswered(key, command_status, now - sent_at)

    def _message_timed_out(self, key: object) -> DeliverTimedOut:
        return DeliverTimedOut(key)
