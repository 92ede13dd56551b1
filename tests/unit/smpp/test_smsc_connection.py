"""The SMSC's end of a link, told what the ESME sent and what time it is."""

import pytest

from smpp.bind import BindMode, BindRequest, encode_bind
from smpp.constants import RESP_BIT, CommandId, CommandStatus
from smpp.events import (
    BindRequested,
    DeliverAnswered,
    DeliverTimedOut,
    EnquireLinkAnswered,
    EnquireLinkReceived,
    LateAnswer,
    LinkSilent,
    PduRefused,
    PeerUnbound,
    StreamBroken,
    SubmitReceived,
    Unbound,
)
from smpp.framing import FrameBuffer, parse_header
from smpp.hot import ShortMessage, encode_deliver_sm_resp, encode_short_message, pdu
from smpp.session import SessionState, WrongState
from smpp.smsc import SmscConnection
from smpp.window import WindowFull

ROK = CommandStatus.ESME_ROK
RESPONSE_S = 10.0
MESSAGE = ShortMessage(source_addr="1000", destination_addr="41791234567", short_message=b"hello")
BODY = encode_short_message(MESSAGE)
VERSION_34 = b"\x02\x10\x00\x01\x34"

Sent = tuple[int, int, int, bytes]


def sent(smsc: SmscConnection) -> list[Sent]:
    """What was written since the last look: command_id, command_status, sequence_number and body of each PDU."""
    frames = FrameBuffer().feed(smsc.data_to_send())
    return [(*parse_header(frame)[1:], frame[16:]) for frame in frames]


def open_smsc(*, window: int = 10, enquire_link_s: float | None = None) -> SmscConnection:
    return SmscConnection(window=window, response_s=RESPONSE_S, enquire_link_s=enquire_link_s)


def bind(mode: BindMode = BindMode.TRANSCEIVER) -> bytes:
    return encode_bind(BindRequest(mode, "esme", "secret"), 7)


def binding_smsc(mode: BindMode = BindMode.TRANSCEIVER, **settings: int) -> SmscConnection:
    smsc = open_smsc(**settings)
    smsc.receive_data(bind(mode), 0.0)
    return smsc


def bound_smsc(mode: BindMode = BindMode.TRANSCEIVER, **settings: int) -> SmscConnection:
    smsc = binding_smsc(mode, **settings)
    smsc.accept_bind(7, mode, "smsc")
    smsc.data_to_send()
    return smsc


# Binding.


@pytest.mark.parametrize("mode", BindMode)
def test_a_bind_is_handed_over_with_every_field_of_the_login(mode: BindMode) -> None:
    smsc = open_smsc()
    request = BindRequest(mode, "esme", "secret", "OTA", 0x33, 1, 2, "41")
    assert smsc.receive_data(encode_bind(request, 7), 0.0) == [
        BindRequested(7, mode, "esme", "secret", "OTA", 0x33, 1, 2, "41")
    ]
    assert sent(smsc) == []


def test_the_password_of_a_bind_is_in_no_repr() -> None:
    (requested,) = open_smsc().receive_data(bind(), 0.0)
    assert "secret" not in repr(requested)


@pytest.mark.parametrize(
    ("mode", "bound"),
    [
        (BindMode.TRANSMITTER, SessionState.BOUND_TX),
        (BindMode.RECEIVER, SessionState.BOUND_RX),
        (BindMode.TRANSCEIVER, SessionState.BOUND_TRX),
    ],
)
def test_an_accepted_bind_is_answered_with_the_smscs_name_and_version(mode: BindMode, bound: SessionState) -> None:
    smsc = binding_smsc(mode)
    smsc.accept_bind(7, mode, "smsc")
    assert sent(smsc) == [(mode.value | RESP_BIT, ROK, 7, b"smsc\0" + VERSION_34)]
    assert smsc.state is bound


def test_a_refused_bind_may_be_followed_by_another_on_the_same_link() -> None:
    smsc = binding_smsc(BindMode.TRANSCEIVER)
    smsc.refuse_bind(7, BindMode.TRANSCEIVER, CommandStatus.ESME_RINVCMDID)
    assert sent(smsc) == [(CommandId.BIND_TRANSCEIVER_RESP, CommandStatus.ESME_RINVCMDID, 7, b"")]
    (again,) = smsc.receive_data(bind(BindMode.TRANSMITTER), 1.0)
    assert isinstance(again, BindRequested)


def test_a_second_bind_is_told_that_there_is_one() -> None:
    smsc = bound_smsc()
    assert smsc.receive_data(bind(), 1.0) == [PduRefused("not taken in state bound_trx", CommandId.BIND_TRANSCEIVER)]
    assert sent(smsc) == [(CommandId.BIND_TRANSCEIVER_RESP, CommandStatus.ESME_RALYBND, 7, b"")]


def test_a_second_bind_before_the_first_is_answered_is_in_the_wrong_state() -> None:
    smsc = binding_smsc()
    smsc.receive_data(bind(), 1.0)
    assert sent(smsc) == [(CommandId.BIND_TRANSCEIVER_RESP, CommandStatus.ESME_RINVBNDSTS, 7, b"")]


def test_a_bind_that_cannot_be_read_is_refused_and_changes_nothing() -> None:
    smsc = open_smsc()
    smsc.receive_data(pdu(CommandId.BIND_TRANSCEIVER, ROK, 7, b"no end"), 0.0)
    assert sent(smsc) == [(CommandId.BIND_TRANSCEIVER_RESP, CommandStatus.ESME_RINVCMDLEN, 7, b"")]
    assert smsc.state is SessionState.OPEN


def test_a_bind_cannot_be_accepted_once_the_esme_has_left() -> None:
    smsc = binding_smsc()
    smsc.receive_data(pdu(CommandId.UNBIND, ROK, 8), 1.0)
    with pytest.raises(WrongState):
        smsc.accept_bind(7, BindMode.TRANSCEIVER, "smsc")
    assert sent(smsc) == [(CommandId.UNBIND_RESP, ROK, 8, b"")]


# Submits.


@pytest.mark.parametrize("mode", [BindMode.TRANSMITTER, BindMode.TRANSCEIVER])
def test_a_submit_waits_for_the_callers_answer(mode: BindMode) -> None:
    smsc = bound_smsc(mode)
    assert smsc.receive_data(pdu(CommandId.SUBMIT_SM, ROK, 8, BODY), 1.0) == [SubmitReceived(8, MESSAGE)]
    assert sent(smsc) == []
    smsc.answer_submit(8, ROK, "id-1")
    assert sent(smsc) == [(CommandId.SUBMIT_SM_RESP, ROK, 8, b"id-1\0")]


def test_a_refused_submit_is_answered_without_an_id() -> None:
    smsc = bound_smsc()
    smsc.answer_submit(8, CommandStatus.ESME_RTHROTTLED, "")
    assert sent(smsc) == [(CommandId.SUBMIT_SM_RESP, CommandStatus.ESME_RTHROTTLED, 8, b"")]


@pytest.mark.parametrize("smsc", [open_smsc(), binding_smsc(), bound_smsc(BindMode.RECEIVER)])
def test_who_may_not_submit_is_told_so(smsc: SmscConnection) -> None:
    smsc.receive_data(pdu(CommandId.SUBMIT_SM, ROK, 8, BODY), 1.0)
    assert sent(smsc) == [(CommandId.SUBMIT_SM_RESP, CommandStatus.ESME_RINVBNDSTS, 8, b"")]


def test_a_submit_that_cannot_be_read_is_refused() -> None:
    smsc = bound_smsc()
    smsc.receive_data(pdu(CommandId.SUBMIT_SM, ROK, 8, BODY[:9]), 1.0)
    assert sent(smsc) == [(CommandId.SUBMIT_SM_RESP, CommandStatus.ESME_RINVCMDLEN, 8, b"")]


@pytest.mark.parametrize(
    ("command_id", "command_status", "body"),
    [
        (CommandId.SUBMIT_MULTI, CommandStatus.ESME_RINVCMDID, b""),
        (CommandId.DATA_SM, CommandStatus.ESME_RINVCMDID, b"\0"),
        (CommandId.QUERY_SM, CommandStatus.ESME_RQUERYFAIL, b""),
        (CommandId.CANCEL_SM, CommandStatus.ESME_RCANCELFAIL, b""),
        (CommandId.REPLACE_SM, CommandStatus.ESME_RREPLACEFAIL, b""),
    ],
)
def test_what_this_smsc_does_not_offer_is_refused_with_its_own_response(
    command_id: CommandId, command_status: CommandStatus, body: bytes
) -> None:
    smsc = bound_smsc()
    assert smsc.receive_data(pdu(command_id, ROK, 8), 1.0) == [PduRefused("not offered by this SMSC", command_id)]
    assert sent(smsc) == [(command_id | RESP_BIT, command_status, 8, body)]


def test_an_esme_cannot_deliver() -> None:
    smsc = bound_smsc()
    smsc.receive_data(pdu(CommandId.DELIVER_SM, ROK, 8, BODY), 1.0)
    assert sent(smsc) == [(CommandId.DELIVER_SM_RESP, CommandStatus.ESME_RINVBNDSTS, 8, b"\0")]


# Deliveries.


@pytest.mark.parametrize("mode", [BindMode.RECEIVER, BindMode.TRANSCEIVER])
def test_an_answered_delivery_is_reported_with_its_key_and_time(mode: BindMode) -> None:
    smsc = bound_smsc(mode)
    assert smsc.deliver(BODY, "key", 1.0) == 1
    assert sent(smsc) == [(CommandId.DELIVER_SM, ROK, 1, BODY)]
    answer = encode_deliver_sm_resp(1, CommandStatus.ESME_RX_T_APPN)
    assert smsc.receive_data(answer, 1.5) == [DeliverAnswered("key", CommandStatus.ESME_RX_T_APPN, 0.5)]


def test_a_generic_nack_answers_the_delivery_with_its_number() -> None:
    smsc = bound_smsc()
    smsc.deliver(BODY, "key", 1.0)
    nack = pdu(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDID, 1)
    assert smsc.receive_data(nack, 1.0) == [DeliverAnswered("key", CommandStatus.ESME_RINVCMDID, 0.0)]


def test_an_unanswered_delivery_times_out_and_its_late_answer_is_told_apart() -> None:
    smsc = bound_smsc()
    smsc.deliver(BODY, "key", 1.0)
    assert smsc.next_deadline() == 11.0
    assert smsc.tick(11.0) == [DeliverTimedOut("key")]
    assert smsc.receive_data(encode_deliver_sm_resp(1, ROK), 12.0) == [LateAnswer("key", ROK, "")]


def test_the_window_of_deliveries_is_bounded() -> None:
    smsc = bound_smsc(window=1)
    smsc.deliver(BODY, "key", 1.0)
    with pytest.raises(WindowFull):
        smsc.deliver(BODY, "another", 1.0)
    assert (smsc.free_slots, smsc.in_flight, smsc.unanswered()) == (0, 1, ["key"])


def test_nothing_is_delivered_to_a_transmitter() -> None:
    smsc = bound_smsc(BindMode.TRANSMITTER)
    with pytest.raises(WrongState, match=r"^deliver_sm in state bound_tx$"):
        smsc.deliver(BODY, "key", 1.0)


# The link.


def test_the_esmes_unbind_is_answered_and_reported() -> None:
    smsc = bound_smsc()
    assert smsc.receive_data(pdu(CommandId.UNBIND, ROK, 8), 1.0) == [PeerUnbound()]
    assert sent(smsc) == [(CommandId.UNBIND_RESP, ROK, 8, b"")]
    assert smsc.state is SessionState.UNBOUND


def test_the_esmes_enquire_link_is_answered_and_reported() -> None:
    smsc = bound_smsc()
    assert smsc.receive_data(pdu(CommandId.ENQUIRE_LINK, ROK, 8), 1.0) == [EnquireLinkReceived()]
    assert sent(smsc) == [(CommandId.ENQUIRE_LINK_RESP, ROK, 8, b"")]


def test_an_unbind_ends_with_its_answer_and_submits_that_crossed_it_are_taken() -> None:
    smsc = bound_smsc()
    smsc.unbind(1.0)
    received = pdu(CommandId.SUBMIT_SM, ROK, 8, BODY) + pdu(CommandId.UNBIND_RESP, ROK, 1)
    assert smsc.receive_data(received, 1.0) == [SubmitReceived(8, MESSAGE), Unbound()]


def test_an_esme_is_asked_whether_it_lives_only_when_told_to() -> None:
    smsc = bound_smsc()
    assert smsc.next_deadline() is None
    smsc.enquire_link(1.0)
    assert sent(smsc) == [(CommandId.ENQUIRE_LINK, ROK, 1, b"")]
    assert smsc.receive_data(pdu(CommandId.ENQUIRE_LINK_RESP, ROK, 1), 1.5) == [EnquireLinkAnswered(0.5)]


def test_an_esme_is_asked_after_its_silence_where_that_is_wanted() -> None:
    smsc = bound_smsc(enquire_link_s=30)
    assert smsc.next_deadline() == 30.0
    smsc.tick(30.0)
    assert sent(smsc) == [(CommandId.ENQUIRE_LINK, ROK, 1, b"")]
    assert smsc.tick(40.0) == [LinkSilent()]


def test_faults_are_sent_as_they_are() -> None:
    smsc = open_smsc()
    smsc.send_raw(b"\0\0\0")
    smsc.send_raw(b"\0")
    assert smsc.data_to_send() == b"\0\0\0\0"


def test_a_foreign_protocol_breaks_the_stream() -> None:
    smsc = open_smsc()
    assert smsc.receive_data(b"GET / HTTP/1.1\r\n", 0.0) == [
        StreamBroken("command_length 0x47455420 is outside 16..65536")
    ]
    assert smsc.state is SessionState.CLOSED
