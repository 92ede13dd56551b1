"""States of an SMPP session, how they follow each other, and what may be sent in each (SMPP 3.4, 2.2 and 2.3).

The specification has OPEN, BOUND_TX, BOUND_RX, BOUND_TRX and CLOSED. Between them lie waits for an answer,
and each is a state of its own here, so that "unbinding, but still a receiver" needs no second variable:

    OPEN -> BINDING_x -> BOUND_x -> UNBINDING_x -> UNBOUND      (x is TX, RX or TRX)
    anything -> CLOSED, once the stream cannot be read any more

UNBOUND reads and answers, but sends no request of its own: the link is only there to be closed.
Both sides of the link use the same table.
"""

from enum import Enum

from smpp.constants import CommandId


class WrongState(Exception):
    """The caller asked for what the session's state does not allow: our bug, never the peer's."""


class SessionState(Enum):
    """What a session is waiting for or allowed to do."""

    OPEN = "open"
    BINDING_TX = "binding_tx"
    BINDING_RX = "binding_rx"
    BINDING_TRX = "binding_trx"
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBINDING_TX = "unbinding_tx"
    UNBINDING_RX = "unbinding_rx"
    UNBINDING_TRX = "unbinding_trx"
    UNBOUND = "unbound"
    CLOSED = "closed"


class Step(Enum):
    """What moves a session from one state to the next."""

    BIND_TRANSMITTER = "bind_transmitter requested"
    BIND_RECEIVER = "bind_receiver requested"
    BIND_TRANSCEIVER = "bind_transceiver requested"
    BIND_ACCEPTED = "bind accepted"
    BIND_REFUSED = "bind refused"
    BIND_TIMED_OUT = "bind not answered in time"
    UNBIND = "unbind sent"
    UNBIND_SETTLED = "unbind answered, or not answered in time"
    PEER_UNBIND = "unbind received"
    LINK_SILENT = "enquire_link not answered in time"
    STREAM_BROKEN = "stream not readable"


_S = SessionState

TRANSITIONS: dict[tuple[SessionState, Step], SessionState] = {
    (_S.OPEN, Step.BIND_TRANSMITTER): _S.BINDING_TX,
    (_S.OPEN, Step.BIND_RECEIVER): _S.BINDING_RX,
    (_S.OPEN, Step.BIND_TRANSCEIVER): _S.BINDING_TRX,
    (_S.OPEN, Step.PEER_UNBIND): _S.UNBOUND,
    (_S.OPEN, Step.STREAM_BROKEN): _S.CLOSED,
    (_S.BINDING_TX, Step.BIND_ACCEPTED): _S.BOUND_TX,
    (_S.BINDING_TX, Step.BIND_REFUSED): _S.OPEN,
    (_S.BINDING_TX, Step.BIND_TIMED_OUT): _S.UNBOUND,
    (_S.BINDING_TX, Step.PEER_UNBIND): _S.UNBOUND,
    (_S.BINDING_TX, Step.STREAM_BROKEN): _S.CLOSED,
    (_S.BINDING_RX, Step.BIND_ACCEPTED): _S.BOUND_RX,
    (_S.BINDING_RX, Step.BIND_REFUSED): _S.OPEN,
    (_S.BINDING_RX, Step.BIND_TIMED_OUT): _S.UNBOUND,
    (_S.BINDING_RX, Step.PEER_UNBIND): _S.UNBOUND,
    (_S.BINDING_RX, Step.STREAM_BROKEN): _S.CLOSED,
    (_S.BINDING_TRX, Step.BIND_ACCEPTED): _S.BOUND_TRX,
    (_S.BINDING_TRX, Step.BIND_REFUSED): _S.OPEN,
    (_S.BINDING_TRX, Step.BIND_TIMED_OUT): _S.UNBOUND,
    (_S.BINDING_TRX, Step.PEER_UNBIND): _S.UNBOUND,
    (_S.BINDING_TRX, Step.STREAM_BROKEN): _S.CLOSED,
    (_S.BOUND_TX, Step.UNBIND): _S.UNBINDING_TX,
    (_S.BOUND_TX, Step.PEER_UNBIND): _S.UNBOUND,
    (_S.BOUND_TX, Step.LINK_SILENT): _S.UNBOUND,
    (_S.BOUND_TX, Step.STREAM_BROKEN): _S.CLOSED,
    (_S.BOUND_RX, Step.UNBIND): _S.UNBINDING_RX,
    (_S.BOUND_RX, Step.PEER_UNBIND): _S.UNBOUND,
    (_S.BOUND_RX, Step.LINK_SILENT): _S.UNBOUND,
    (_S.BOUND_RX, Step.STREAM_BROKEN): _S.CLOSED,
    (_S.BOUND_TRX, Step.UNBIND): _S.UNBINDING_TRX,
    (_S.BOUND_TRX, Step.PEER_UNBIND): _S.UNBOUND,
    (_S.BOUND_TRX, Step.LINK_SILENT): _S.UNBOUND,
    (_S.BOUND_TRX, Step.STREAM_BROKEN): _S.CLOSED,
    # Whatever else happens while unbinding, only its own answer or deadline ends it.
    (_S.UNBINDING_TX, Step.UNBIND_SETTLED): _S.UNBOUND,
    (_S.UNBINDING_TX, Step.PEER_UNBIND): _S.UNBINDING_TX,
    (_S.UNBINDING_TX, Step.LINK_SILENT): _S.UNBINDING_TX,
    (_S.UNBINDING_TX, Step.STREAM_BROKEN): _S.CLOSED,
    (_S.UNBINDING_RX, Step.UNBIND_SETTLED): _S.UNBOUND,
    (_S.UNBINDING_RX, Step.PEER_UNBIND): _S.UNBINDING_RX,
    (_S.UNBINDING_RX, Step.LINK_SILENT): _S.UNBINDING_RX,
    (_S.UNBINDING_RX, Step.STREAM_BROKEN): _S.CLOSED,
    (_S.UNBINDING_TRX, Step.UNBIND_SETTLED): _S.UNBOUND,
    (_S.UNBINDING_TRX, Step.PEER_UNBIND): _S.UNBINDING_TRX,
    (_S.UNBINDING_TRX, Step.LINK_SILENT): _S.UNBINDING_TRX,
    (_S.UNBINDING_TRX, Step.STREAM_BROKEN): _S.CLOSED,
    (_S.UNBOUND, Step.PEER_UNBIND): _S.UNBOUND,
    (_S.UNBOUND, Step.STREAM_BROKEN): _S.CLOSED,
}

BIND_STEPS = {
    CommandId.BIND_TRANSMITTER: Step.BIND_TRANSMITTER,
    CommandId.BIND_RECEIVER: Step.BIND_RECEIVER,
    CommandId.BIND_TRANSCEIVER: Step.BIND_TRANSCEIVER,
}

# Groups are tuples: membership compares identities in C, where a set would call Enum's hash in Python.
EVERY_STATE = tuple(SessionState)
BOUND = (_S.BOUND_TX, _S.BOUND_RX, _S.BOUND_TRX)
_TRANSMITTER = (_S.BOUND_TX, _S.BOUND_TRX)
_RECEIVER = (_S.BOUND_RX, _S.BOUND_TRX)

# A peer that has not read our unbind yet may still send what the bind allowed.
_TRANSMITTER_UNTIL_UNBOUND = (*_TRANSMITTER, _S.UNBINDING_TX, _S.UNBINDING_TRX)
_RECEIVER_UNTIL_UNBOUND = (*_RECEIVER, _S.UNBINDING_RX, _S.UNBINDING_TRX)

MAY_SEND: dict[CommandId, tuple[SessionState, ...]] = {
    CommandId.SUBMIT_SM: _TRANSMITTER,
    CommandId.DELIVER_SM: _RECEIVER,
    CommandId.ENQUIRE_LINK: BOUND,
}
"""Where our side may send a request; bind and unbind follow from TRANSITIONS."""

ESME_MAY_RECEIVE: dict[int, tuple[SessionState, ...]] = {
    CommandId.DELIVER_SM: _RECEIVER_UNTIL_UNBOUND,
    CommandId.DATA_SM: _RECEIVER_UNTIL_UNBOUND,
    CommandId.ALERT_NOTIFICATION: _RECEIVER_UNTIL_UNBOUND,
    CommandId.ENQUIRE_LINK: EVERY_STATE,
    CommandId.UNBIND: EVERY_STATE,
}
"""Requests an ESME takes. An outbind is none: we connect to the SMSC, it never connects to us.

Responses are in neither table: they are known by the number they echo, in every state.
"""

SMSC_MAY_RECEIVE: dict[int, tuple[SessionState, ...]] = {
    CommandId.BIND_TRANSMITTER: (_S.OPEN,),
    CommandId.BIND_RECEIVER: (_S.OPEN,),
    CommandId.BIND_TRANSCEIVER: (_S.OPEN,),
    CommandId.SUBMIT_SM: _TRANSMITTER_UNTIL_UNBOUND,
    CommandId.SUBMIT_MULTI: _TRANSMITTER_UNTIL_UNBOUND,
    CommandId.DATA_SM: _TRANSMITTER_UNTIL_UNBOUND,
    CommandId.QUERY_SM: _TRANSMITTER_UNTIL_UNBOUND,
    CommandId.CANCEL_SM: _TRANSMITTER_UNTIL_UNBOUND,
    CommandId.REPLACE_SM: _TRANSMITTER_UNTIL_UNBOUND,
    CommandId.ENQUIRE_LINK: EVERY_STATE,
    CommandId.UNBIND: EVERY_STATE,
}
"""Requests an SMSC takes."""


def next_state(state: SessionState, step: Step) -> SessionState:
    """The state that follows; WrongState where the table has none."""
    following = TRANSITIONS.get((state, step))
    if following is None:
        raise WrongState(f"{step.value} in state {state.value}")
    return following
