"""How a PDU that cannot be used is answered (SMPP 3.4, 2.3, 4.3 and 5.1.3)."""

from smpp.constants import RESP_BIT, CommandId, CommandStatus
from smpp.hot import pdu
from smpp.session import BOUND, SessionState

_COMMANDS = frozenset(int(command) for command in CommandId)
_BINDS = (CommandId.BIND_TRANSMITTER, CommandId.BIND_RECEIVER, CommandId.BIND_TRANSCEIVER)

_MESSAGE_ID_ABSENT = b"\0"
_BODIES = {
    CommandId.DELIVER_SM_RESP: _MESSAGE_ID_ABSENT,
    CommandId.DATA_SM_RESP: _MESSAGE_ID_ABSENT,
}
"""Every other response is sent without a body when it refuses."""


def refusal(command_id: int, sequence_number: int, command_status: int) -> bytes:
    """The whole PDU that refuses another: its response, a generic_nack where it has none, nothing where none is due.

    A response is not answered, or two peers could refuse each other for ever; an alert_notification never is (4.12).
    """
    if command_id & RESP_BIT or command_id == CommandId.ALERT_NOTIFICATION:
        return b""
    response_id = command_id | RESP_BIT
    if response_id not in _COMMANDS:
        return pdu(CommandId.GENERIC_NACK, command_status, sequence_number)
    return pdu(response_id, command_status, sequence_number, _BODIES.get(CommandId(response_id), b""))


def status_out_of_state(command_id: int, state: SessionState) -> CommandStatus:
    """What to answer to a command that this side does not take in its state, or not at all."""
    if command_id not in _COMMANDS:
        return CommandStatus.ESME_RINVCMDID
    if command_id in _BINDS and state in BOUND:
        return CommandStatus.ESME_RALYBND
    return CommandStatus.ESME_RINVBNDSTS
