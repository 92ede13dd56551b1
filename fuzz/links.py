"""Whatever a peer sends over a link: nothing raises, everything is bounded, and what is answered can be read.

The first two octets of an input are not of the peer: they choose the state it finds and how the stream is cut.
"""

from collections.abc import Callable

from fuzz.wire import cut
from smpp.bind import BindMode, BindRequest, encode_bind, encode_bind_resp
from smpp.connection import Connection
from smpp.constants import CommandId, CommandStatus
from smpp.esme import EsmeConnection
from smpp.events import BindRequested, DeliverReceived, Event, SubmitReceived
from smpp.framing import FrameBuffer
from smpp.hot import ShortMessage, encode_short_message
from smpp.pdu import decode_pdu
from smpp.session import BOUND, SessionState
from smpp.smsc import SmscConnection

_WINDOW = 4
_UNANSWERED_DELIVERS = 4
_RESPONSE_S = 10.0
_STEP_S = 3.0  # between two pieces, so that timers run out within an input
_BODY = encode_short_message(ShortMessage(destination_addr="4179", short_message=b"hello"))
_BIND = BindRequest(BindMode.TRANSCEIVER, "esme", "secret")
_MOST_STATES = 4
_PIECE_STEP_BYTES = 8  # single octets are the stream target's


def esme(data: bytes) -> None:
    """Our end towards an operator."""
    link = EsmeConnection(
        window=_WINDOW,
        response_s=_RESPONSE_S,
        enquire_link_s=30.0,
        max_unanswered_delivers=_UNANSWERED_DELIVERS,
    )
    _bring_esme_to(link, data[0] % _MOST_STATES if data else 0)

    def act(event: Event, _now: float) -> None:
        if isinstance(event, DeliverReceived) and event.sequence_number % 2:
            link.answer(event.sequence_number, event.command_id, CommandStatus.ESME_ROK)

    _play(link, data, act)


def _bring_esme_to(link: EsmeConnection, state: int) -> None:
    """0 open, 1 binding, 2 bound with a full window, 3 unbinding."""
    if state >= 1:
        link.bind(_BIND, 0.0)
    if state >= 2:
        link.receive_data(encode_bind_resp(BindMode.TRANSCEIVER, 1, "smsc"), 0.0)
        for key in range(_WINDOW):
            link.submit(_BODY, key, 0.0)
    if state == 3:
        link.unbind(0.0)


def smsc(data: bytes) -> None:
    """The simulator's end."""
    link = SmscConnection(window=_WINDOW, response_s=_RESPONSE_S, enquire_link_s=30.0)
    _bring_smsc_to(link, data[0] % _MOST_STATES if data else 0)

    def act(event: Event, now: float) -> None:
        if isinstance(event, BindRequested):
            link.accept_bind(event.sequence_number, event.mode, "smsc")
        if isinstance(event, SubmitReceived):
            link.answer_submit(event.sequence_number, CommandStatus.ESME_ROK, "id")
            if link.free_slots:
                link.deliver(_BODY, event.sequence_number, now)

    _play(link, data, act)


def _bring_smsc_to(link: SmscConnection, state: int) -> None:
    """0 and 1 open, 2 bound with a full window, 3 unbinding."""
    if state >= 2:
        link.receive_data(encode_bind(_BIND, 1), 0.0)
        link.accept_bind(1, BindMode.TRANSCEIVER, "smsc")
        for key in range(_WINDOW):
            link.deliver(_BODY, key, 0.0)
    if state == 3:
        link.unbind(0.0)


def _play(link: Connection, data: bytes, act: Callable[[Event, float], None]) -> None:
    now, written = 0.0, FrameBuffer()
    for piece in cut(data[2:], _PIECE_STEP_BYTES * (data[1] + 1 if len(data) > 1 else 1)):
        events = link.receive_data(piece, now)
        for event in events:
            if link.state not in (SessionState.UNBOUND, SessionState.CLOSED):
                act(event, now)
        now += _STEP_S
        link.tick(now)
        deadline = link.next_deadline()
        assert deadline is None or deadline > now
        assert link.in_flight <= _WINDOW
        assert link.free_slots == 0 or link.state in BOUND
        for frame in written.feed(link.data_to_send()):
            decode_pdu(frame)
            assert frame[4:8] != CommandId.GENERIC_NACK.to_bytes(4, "big") or len(frame) == 16
