"""The ESME's end of a link, told what the SMSC sent and what time it is."""

from collections.abc import Callable
from functools import partial

import pytest

from smpp.bind import BindMode, BindRequest
from smpp.constants import MAX_SEQUENCE, MIN_PDU_BYTES, RESP_BIT, CommandId, CommandStatus, Tag
from smpp.esme import MAX_UNANSWERED_BYTES, EsmeConnection
from smpp.events import (
    AlertReceived,
    BindRefused,
    BindTimedOut,
    Bound,
    DeliverReceived,
    EnquireLinkAnswered,
    LateAnswer,
    LinkSilent,
    PduRefused,
    PeerUnbound,
    StreamBroken,
    SubmitAnswered,
    SubmitTimedOut,
    Unbound,
)
from smpp.framing import FrameBuffer, parse_header
from smpp.hot import ShortMessage, encode_short_message, encode_submit_sm_resp, pdu
from smpp.session import SessionState, WrongState
from smpp.window import WindowFull

ROK = CommandStatus.ESME_ROK
RESPONSE_S = 10.0
ENQUIRE_LINK_S = 30.0
BOUND_AT = 1.0
REQUEST = BindRequest(BindMode.TRANSCEIVER, "esme", "secret")

MESSAGE = ShortMessage(source_addr="1000", destination_addr="41791234567", short_message=b"hello")
BODY = encode_short_message(MESSAGE)
DATA_BODY = b"\0\0\0" + b"1000\0\0\0" + b"4179\0\x04\x01\x08" + b"\x04\x24\0\x05hello"
DATA_MESSAGE = ShortMessage(
    source_addr="1000",
    destination_addr="4179",
    esm_class=4,
    registered_delivery=1,
    data_coding=8,
    tlvs=((Tag.MESSAGE_PAYLOAD, b"hello"),),
)

Sent = tuple[int, int, int, bytes]


def sent(esme: EsmeConnection) -> list[Sent]:
    """What was written since the last look: command_id, command_status, sequence_number and body of each PDU."""
    frames = FrameBuffer().feed(esme.data_to_send())
    return [(*parse_header(frame)[1:], frame[16:]) for frame in frames]


def open_esme(*, window: int = 10, max_unanswered_delivers: int = 10, last_sequence_number: int = 0) -> EsmeConnection:
    return EsmeConnection(
        window=window,
        response_s=RESPONSE_S,
        enquire_link_s=ENQUIRE_LINK_S,
        max_unanswered_delivers=max_unanswered_delivers,
        last_sequence_number=last_sequence_number,
    )


def bind_resp(mode: BindMode, command_status: int = ROK, sequence_number: int = 1, body: bytes = b"smsc\0") -> bytes:
    return pdu(mode.value | RESP_BIT, command_status, sequence_number, body)


def binding_esme(mode: BindMode = BindMode.TRANSCEIVER, **settings: int) -> EsmeConnection:
    esme = open_esme(**settings)
    esme.bind(BindRequest(mode, "esme", "secret"), 0.0)
    esme.data_to_send()
    return esme


def bound_esme(mode: BindMode = BindMode.TRANSCEIVER, **settings: int) -> EsmeConnection:
    """Bound at BOUND_AT; sequence_number 1 is used up."""
    esme = binding_esme(mode, **settings)
    sequence_number = settings.get("last_sequence_number", 0) + 1
    esme.receive_data(bind_resp(mode, sequence_number=sequence_number), BOUND_AT)
    return esme


def unbinding_esme(mode: BindMode = BindMode.TRANSCEIVER) -> EsmeConnection:
    esme = bound_esme(mode)
    esme.unbind(2.0)
    esme.data_to_send()
    return esme


def unbound_esme() -> EsmeConnection:
    esme = unbinding_esme()
    esme.receive_data(pdu(CommandId.UNBIND_RESP, ROK, 2), 3.0)
    return esme


IN_EVERY_STATE = [
    open_esme,
    *(partial(binding_esme, mode) for mode in BindMode),
    *(partial(bound_esme, mode) for mode in BindMode),
    *(partial(unbinding_esme, mode) for mode in BindMode),
    unbound_esme,
]


@pytest.fixture(params=IN_EVERY_STATE, ids=lambda make: make().state.value)
def esme(request: pytest.FixtureRequest) -> EsmeConnection:
    """An ESME in each state in which it still reads."""
    make: Callable[[], EsmeConnection] = request.param
    return make()


# Binding.


def test_a_bind_request_carries_every_field_of_the_login() -> None:
    esme = open_esme()
    esme.bind(BindRequest(BindMode.TRANSMITTER, "esme", "secret", "OTA", 0x34, 1, 2, "41"), 0.0)
    assert sent(esme) == [(CommandId.BIND_TRANSMITTER, ROK, 1, b"esme\0secret\0OTA\0\x34\x01\x0241\0")]
    assert esme.state is SessionState.BINDING_TX


@pytest.mark.parametrize("mode", BindMode)
def test_an_accepted_bind_is_reported_with_its_mode_and_the_smsc(mode: BindMode) -> None:
    esme = binding_esme(mode)
    assert esme.receive_data(bind_resp(mode), BOUND_AT) == [Bound(mode, "smsc", None)]


def test_the_interface_version_of_the_smsc_is_reported() -> None:
    body = b"smsc\0" + b"\x02\x10\x00\x01\x34"
    events = binding_esme().receive_data(bind_resp(BindMode.TRANSCEIVER, body=body), BOUND_AT)
    assert events == [Bound(BindMode.TRANSCEIVER, "smsc", 0x34)]


@pytest.mark.parametrize("body", [b"", b"no end"])
def test_a_bind_is_accepted_even_when_the_smsc_does_not_say_its_name(body: bytes) -> None:
    events = binding_esme().receive_data(bind_resp(BindMode.TRANSCEIVER, body=body), BOUND_AT)
    assert events == [Bound(BindMode.TRANSCEIVER, "", None)]


def test_the_bind_answer_is_known_by_its_number_not_by_being_first() -> None:
    esme = binding_esme()
    received = pdu(CommandId.ENQUIRE_LINK, ROK, 1) + bind_resp(BindMode.TRANSCEIVER, sequence_number=2)
    assert esme.receive_data(received, 0.5) == [
        PduRefused("answers nothing that waits", CommandId.BIND_TRANSCEIVER_RESP)
    ]
    assert esme.receive_data(bind_resp(BindMode.TRANSCEIVER), 0.6) == [Bound(BindMode.TRANSCEIVER, "smsc", None)]


def test_the_answer_to_another_kind_of_bind_does_not_bind() -> None:
    esme = binding_esme(BindMode.TRANSCEIVER)
    assert esme.receive_data(bind_resp(BindMode.TRANSMITTER), 0.5) == [
        PduRefused("answers nothing that waits", CommandId.BIND_TRANSMITTER_RESP)
    ]
    assert esme.state is SessionState.BINDING_TRX


def test_a_refused_bind_may_be_followed_by_another_on_the_same_link() -> None:
    esme = binding_esme(BindMode.TRANSCEIVER)
    refused = bind_resp(BindMode.TRANSCEIVER, CommandStatus.ESME_RINVCMDID, body=b"")
    assert esme.receive_data(refused, 0.5) == [BindRefused(BindMode.TRANSCEIVER, CommandStatus.ESME_RINVCMDID)]
    esme.bind(BindRequest(BindMode.TRANSMITTER, "esme", "secret"), 0.5)
    accepted = bind_resp(BindMode.TRANSMITTER, sequence_number=2)
    assert esme.receive_data(accepted, 0.6) == [Bound(BindMode.TRANSMITTER, "smsc", None)]


def test_a_generic_nack_with_its_number_refuses_the_bind() -> None:
    nack = pdu(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDID, 1)
    assert binding_esme().receive_data(nack, 0.5) == [BindRefused(BindMode.TRANSCEIVER, CommandStatus.ESME_RINVCMDID)]


def test_a_bind_without_answer_times_out_and_its_late_answer_does_not_bind() -> None:
    esme = binding_esme()
    assert esme.next_deadline() == RESPONSE_S
    assert esme.tick(9.9) == []
    assert esme.tick(10.0) == [BindTimedOut(BindMode.TRANSCEIVER)]
    assert esme.receive_data(bind_resp(BindMode.TRANSCEIVER), 10.1) == [
        PduRefused("answers nothing that waits", CommandId.BIND_TRANSCEIVER_RESP)
    ]
    assert esme.state is SessionState.UNBOUND


def test_a_login_that_no_bind_can_carry_is_refused_without_showing_it() -> None:
    esme = open_esme()
    with pytest.raises(ValueError, match="password") as raised:
        esme.bind(BindRequest(BindMode.TRANSCEIVER, "esme", "much too long"), 0.0)
    assert "much too long" not in str(raised.value)
    assert (esme.state, esme.data_to_send(), esme.next_deadline()) == (SessionState.OPEN, b"", None)


def test_a_second_bind_is_the_callers_mistake() -> None:
    with pytest.raises(WrongState):
        bound_esme().bind(REQUEST, 2.0)


def test_a_password_is_in_no_repr() -> None:
    assert "secret" not in repr(REQUEST)


# Submitting.


def test_a_submit_goes_out_with_its_body_and_the_next_number() -> None:
    esme = bound_esme()
    assert esme.submit(BODY, "key", 2.0) == 2
    assert sent(esme) == [(CommandId.SUBMIT_SM, ROK, 2, BODY)]


def test_what_was_given_to_be_sent_is_not_given_again() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    esme.data_to_send()
    assert esme.data_to_send() == b""


def test_an_accepted_submit_is_reported_with_the_smscs_id_and_its_time() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    assert esme.receive_data(encode_submit_sm_resp(2, ROK, "id-1"), 2.5) == [SubmitAnswered("key", ROK, "id-1", 0.5)]
    assert (esme.in_flight, esme.free_slots) == (0, 10)


def test_answers_are_matched_by_number_in_any_order() -> None:
    esme = bound_esme()
    for key in ("a", "b"):
        esme.submit(BODY, key, 2.0)
    answers = encode_submit_sm_resp(3, ROK, "id-b") + encode_submit_sm_resp(2, ROK, "id-a")
    assert esme.receive_data(answers, 2.0) == [
        SubmitAnswered("b", ROK, "id-b", 0.0),
        SubmitAnswered("a", ROK, "id-a", 0.0),
    ]


@pytest.mark.parametrize("body", [b"", b"\0", b"id-1\0"])
def test_a_refused_submit_is_an_answer_without_an_id(body: bytes) -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    refused = pdu(CommandId.SUBMIT_SM_RESP, CommandStatus.ESME_RTHROTTLED, 2, body)
    assert esme.receive_data(refused, 2.0) == [SubmitAnswered("key", CommandStatus.ESME_RTHROTTLED, "", 0.0)]


@pytest.mark.parametrize("body", [b"", b"\0"])
def test_an_accepted_submit_without_an_id_is_accepted_all_the_same(body: bytes) -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    assert esme.receive_data(pdu(CommandId.SUBMIT_SM_RESP, ROK, 2, body), 2.0) == [SubmitAnswered("key", ROK, "", 0.0)]


def test_an_accepted_submit_whose_id_lacks_its_nul_has_the_id_that_receipts_will_name() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    answer = pdu(CommandId.SUBMIT_SM_RESP, ROK, 2, b"id-1")
    assert esme.receive_data(answer, 2.0) == [SubmitAnswered("key", ROK, "id-1", 0.0)]


def test_a_generic_nack_answers_the_submit_with_its_number() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    nack = pdu(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDLEN, 2)
    assert esme.receive_data(nack, 2.0) == [SubmitAnswered("key", CommandStatus.ESME_RINVCMDLEN, "", 0.0)]


def test_a_generic_nack_never_means_accepted() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    nack = pdu(CommandId.GENERIC_NACK, ROK, 2)
    assert esme.receive_data(nack, 2.0) == [SubmitAnswered("key", CommandStatus.ESME_RUNKNOWNERR, "", 0.0)]


def test_a_generic_nack_for_nothing_of_ours_is_only_reported() -> None:
    esme = bound_esme()
    nack = pdu(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDLEN, 0)
    assert esme.receive_data(nack, 2.0) == [PduRefused("answers nothing that waits", CommandId.GENERIC_NACK)]
    assert sent(esme) == []


def test_the_window_is_bounded() -> None:
    esme = bound_esme(window=2)
    for key in ("a", "b"):
        esme.submit(BODY, key, 2.0)
    with pytest.raises(WindowFull):
        esme.submit(BODY, "c", 2.0)
    assert (esme.in_flight, esme.free_slots, esme.unanswered()) == (2, 0, ["a", "b"])


def test_submits_without_answer_time_out_oldest_first() -> None:
    esme = bound_esme()
    esme.submit(BODY, "a", 2.0)
    esme.submit(BODY, "b", 3.0)
    esme.receive_data(pdu(CommandId.ENQUIRE_LINK, ROK, 9), 4.0)
    assert esme.next_deadline() == 12.0
    assert esme.tick(12.0) == [SubmitTimedOut("a")]
    assert esme.tick(13.0) == [SubmitTimedOut("b")]
    assert esme.unanswered() == []


def test_on_a_link_that_is_silent_since_an_overdue_submit_keeps_its_place_and_the_smsc_is_asked() -> None:
    esme = bound_esme(window=1)
    esme.submit(BODY, "key", 2.0)
    esme.data_to_send()

    assert esme.tick(12.0) == []
    assert sent(esme) == [(CommandId.ENQUIRE_LINK, ROK, 3, b"")]
    assert (esme.free_slots, esme.next_deadline()) == (0, 12.0 + RESPONSE_S)


def test_it_times_out_as_soon_as_the_smsc_is_heard() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    esme.tick(12.0)

    esme.receive_data(pdu(CommandId.ENQUIRE_LINK_RESP, ROK, 3), 12.5)

    assert esme.next_deadline() == 12.0
    assert esme.tick(12.5) == [SubmitTimedOut("key")]


def test_it_times_out_with_the_link_where_the_smsc_is_not_heard() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    esme.tick(12.0)

    assert esme.tick(12.0 + RESPONSE_S) == [SubmitTimedOut("key"), LinkSilent()]


def test_a_late_answer_is_told_from_one_in_time_and_from_a_foreign_one() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    esme.receive_data(pdu(CommandId.ENQUIRE_LINK, ROK, 9), 4.0)
    esme.tick(12.0)
    late = encode_submit_sm_resp(2, ROK, "id-1")
    assert esme.receive_data(late, 13.0) == [LateAnswer("key", ROK, "id-1")]
    assert esme.receive_data(late, 13.0) == [PduRefused("answers nothing that waits", CommandId.SUBMIT_SM_RESP)]


def test_an_overdue_answer_counts_as_long_as_nobody_has_looked_at_the_clock() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    assert esme.receive_data(encode_submit_sm_resp(2, ROK, "id-1"), 99.0) == [SubmitAnswered("key", ROK, "id-1", 97.0)]


def test_sequence_numbers_wrap_and_skip_a_submit_still_open() -> None:
    esme = bound_esme(last_sequence_number=MAX_SEQUENCE - 2)
    assert [esme.submit(BODY, "key", 2.0) for _ in range(3)] == [MAX_SEQUENCE, 1, 2]


def test_a_receiver_cannot_submit() -> None:
    esme = bound_esme(BindMode.RECEIVER)
    assert esme.free_slots == 0
    with pytest.raises(WrongState, match=r"^submit_sm in state bound_rx$"):
        esme.submit(BODY, "key", 2.0)
    assert sent(esme) == []


def test_nothing_is_submitted_before_the_bind_is_accepted() -> None:
    with pytest.raises(WrongState):
        binding_esme().submit(BODY, "key", 0.5)


# Deliveries.


@pytest.mark.parametrize("sequence_number", [0, 7, 0x80000000, 0xFFFFFFFF])
def test_a_delivery_waits_for_the_callers_answer_and_echoes_the_peers_number(sequence_number: int) -> None:
    esme = bound_esme()
    events = esme.receive_data(pdu(CommandId.DELIVER_SM, ROK, sequence_number, BODY), 2.0)
    assert events == [DeliverReceived(sequence_number, CommandId.DELIVER_SM, MESSAGE)]
    assert sent(esme) == []
    esme.answer(sequence_number, CommandId.DELIVER_SM, CommandStatus.ESME_RX_T_APPN)
    assert sent(esme) == [(CommandId.DELIVER_SM_RESP, CommandStatus.ESME_RX_T_APPN, sequence_number, b"\0")]


def test_a_data_sm_is_a_delivery_with_its_text_in_the_payload() -> None:
    esme = bound_esme()
    events = esme.receive_data(pdu(CommandId.DATA_SM, ROK, 7, DATA_BODY), 2.0)
    assert events == [DeliverReceived(7, CommandId.DATA_SM, DATA_MESSAGE)]
    esme.answer(7, CommandId.DATA_SM, ROK)
    assert sent(esme) == [(CommandId.DATA_SM_RESP, ROK, 7, b"\0")]


def test_too_many_unanswered_deliveries_are_sent_back_at_once() -> None:
    esme = bound_esme(max_unanswered_delivers=1)
    esme.receive_data(pdu(CommandId.DELIVER_SM, ROK, 7, BODY), 2.0)
    events = esme.receive_data(pdu(CommandId.DELIVER_SM, ROK, 8, BODY) + pdu(CommandId.DATA_SM, ROK, 9, DATA_BODY), 2.0)
    reason = "too many deliveries wait for their answer"
    assert events == [PduRefused(reason, CommandId.DELIVER_SM), PduRefused(reason, CommandId.DATA_SM)]
    assert sent(esme) == [
        (CommandId.DELIVER_SM_RESP, CommandStatus.ESME_RX_T_APPN, 8, b"\0"),
        (CommandId.DATA_SM_RESP, CommandStatus.ESME_RX_T_APPN, 9, b"\0"),
    ]


def test_unanswered_deliveries_of_too_many_octets_are_sent_back_at_once() -> None:
    esme = bound_esme(max_unanswered_delivers=1000)
    large = encode_short_message(ShortMessage(tlvs=((0x1500, bytes(60_000)),)))
    fitting = MAX_UNANSWERED_BYTES // (len(large) + MIN_PDU_BYTES)
    for sequence_number in range(fitting):
        esme.receive_data(pdu(CommandId.DELIVER_SM, ROK, sequence_number, large), 2.0)
    assert sent(esme) == []
    (refused,) = esme.receive_data(pdu(CommandId.DELIVER_SM, ROK, fitting, large), 2.0)
    assert refused == PduRefused("too many deliveries wait for their answer", CommandId.DELIVER_SM)


def test_an_answered_delivery_makes_room_for_the_next() -> None:
    esme = bound_esme(max_unanswered_delivers=1)
    for sequence_number in (7, 8):
        events = esme.receive_data(pdu(CommandId.DELIVER_SM, ROK, sequence_number, BODY), 2.0)
        assert events == [DeliverReceived(sequence_number, CommandId.DELIVER_SM, MESSAGE)]
        esme.answer(sequence_number, CommandId.DELIVER_SM, ROK)


def test_a_delivery_cannot_be_answered_twice() -> None:
    esme = bound_esme()
    esme.receive_data(pdu(CommandId.DELIVER_SM, ROK, 7, BODY), 2.0)
    esme.answer(7, CommandId.DELIVER_SM, ROK)
    with pytest.raises(WrongState):
        esme.answer(7, CommandId.DELIVER_SM, ROK)


def test_a_delivery_that_cannot_be_read_is_refused_and_holds_no_place() -> None:
    esme = bound_esme(max_unanswered_delivers=1)
    cut_off = pdu(CommandId.DELIVER_SM, ROK, 7, BODY[:9])
    (refused,) = esme.receive_data(cut_off, 2.0)
    assert isinstance(refused, PduRefused)
    assert sent(esme) == [(CommandId.DELIVER_SM_RESP, CommandStatus.ESME_RINVCMDLEN, 7, b"\0")]
    assert esme.receive_data(pdu(CommandId.DELIVER_SM, ROK, 8, BODY), 2.0) == [
        DeliverReceived(8, CommandId.DELIVER_SM, MESSAGE)
    ]


@pytest.mark.parametrize(
    ("command_id", "body"), [(CommandId.DELIVER_SM, BODY), (CommandId.DATA_SM, DATA_BODY)], ids=["deliver", "data"]
)
@pytest.mark.parametrize("transmitter", [bound_esme, unbinding_esme])
def test_a_transmitter_refuses_deliveries(
    transmitter: Callable[[BindMode], EsmeConnection], command_id: CommandId, body: bytes
) -> None:
    esme = transmitter(BindMode.TRANSMITTER)
    assert esme.receive_data(pdu(command_id, ROK, 7, body), 3.0) == [
        PduRefused(f"not taken in state {esme.state.value}", command_id)
    ]
    assert sent(esme) == [(command_id | RESP_BIT, CommandStatus.ESME_RINVBNDSTS, 7, b"\0")]


def test_a_delivery_before_the_bind_is_accepted_is_refused() -> None:
    esme = binding_esme()
    esme.receive_data(pdu(CommandId.DELIVER_SM, ROK, 7, BODY), 0.5)
    assert sent(esme) == [(CommandId.DELIVER_SM_RESP, CommandStatus.ESME_RINVBNDSTS, 7, b"\0")]


def test_an_alert_is_reported_and_never_answered() -> None:
    esme = bound_esme()
    alert = pdu(CommandId.ALERT_NOTIFICATION, ROK, 7, b"\1\14179\0\0\01000\0")
    assert esme.receive_data(alert, 2.0) == [AlertReceived()]
    assert sent(esme) == []


def test_an_alert_to_a_transmitter_is_not_answered_either() -> None:
    esme = bound_esme(BindMode.TRANSMITTER)
    events = esme.receive_data(pdu(CommandId.ALERT_NOTIFICATION, ROK, 7), 2.0)
    assert events == [PduRefused("not taken in state bound_tx", CommandId.ALERT_NOTIFICATION)]
    assert sent(esme) == []


# What needs no decision, in every state.


def test_an_enquire_link_is_answered_in_every_state(esme: EsmeConnection) -> None:
    assert esme.receive_data(pdu(CommandId.ENQUIRE_LINK, ROK, 0xFFFFFFFF), 4.0) == []
    assert sent(esme) == [(CommandId.ENQUIRE_LINK_RESP, ROK, 0xFFFFFFFF, b"")]


def test_the_peers_unbind_is_answered_in_every_state(esme: EsmeConnection) -> None:
    assert esme.receive_data(pdu(CommandId.UNBIND, ROK, 77), 4.0) == [PeerUnbound()]
    assert sent(esme) == [(CommandId.UNBIND_RESP, ROK, 77, b"")]
    assert esme.free_slots == 0


def test_an_unknown_request_is_nacked_in_every_state(esme: EsmeConnection) -> None:
    (refused,) = esme.receive_data(pdu(0x00000110, ROK, 77), 4.0)
    assert refused == PduRefused(f"not taken in state {esme.state.value}", 0x00000110)
    assert sent(esme) == [(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDID, 77, b"")]


@pytest.mark.parametrize("command_id", [0x80000110, CommandId.QUERY_SM_RESP, CommandId.DELIVER_SM_RESP])
def test_an_unexpected_response_is_ignored_in_every_state(esme: EsmeConnection, command_id: int) -> None:
    assert esme.receive_data(pdu(command_id, ROK, 2), 4.0) == [
        PduRefused(f"not taken in state {esme.state.value}", command_id)
    ]
    assert sent(esme) == []


def test_an_outbind_is_nacked_in_every_state(esme: EsmeConnection) -> None:
    esme.receive_data(pdu(CommandId.OUTBIND, ROK, 77, b"smsc\0secret\0"), 4.0)
    assert sent(esme) == [(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVBNDSTS, 77, b"")]


def test_an_smscs_request_to_submit_is_refused_with_its_own_response(esme: EsmeConnection) -> None:
    esme.receive_data(pdu(CommandId.SUBMIT_SM, ROK, 77, BODY), 4.0)
    assert sent(esme) == [(CommandId.SUBMIT_SM_RESP, CommandStatus.ESME_RINVBNDSTS, 77, b"")]


def test_a_broken_stream_is_reported_once_in_every_state_and_nothing_is_read_after_it(esme: EsmeConnection) -> None:
    reason = "command_length 0x48545450 is outside 16..65536"
    assert esme.receive_data(b"HTTP/1.1 400 Bad Request", 4.0) == [StreamBroken(reason)]
    assert sent(esme) == [(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDLEN, 0, b"")]
    assert esme.receive_data(pdu(CommandId.ENQUIRE_LINK, ROK, 1), 4.0) == []
    assert esme.state is SessionState.CLOSED


def test_what_came_before_the_stream_broke_still_counts() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    events = esme.receive_data(encode_submit_sm_resp(2, ROK, "id-1") + bytes(16), 2.0)
    assert events[0] == SubmitAnswered("key", ROK, "id-1", 0.0)
    assert isinstance(events[1], StreamBroken)


def test_a_pdu_may_come_octet_by_octet() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    answer = encode_submit_sm_resp(2, ROK, "id-1")
    events = [esme.receive_data(answer[i : i + 1], 2.0) for i in range(len(answer))]
    assert events == [[]] * (len(answer) - 1) + [[SubmitAnswered("key", ROK, "id-1", 0.0)]]


# enquire_link.


def test_a_silent_peer_is_asked_whether_it_lives() -> None:
    esme = bound_esme()
    assert esme.next_deadline() == BOUND_AT + ENQUIRE_LINK_S
    assert esme.tick(30.9) == []
    assert sent(esme) == []
    assert esme.tick(31.0) == []
    assert sent(esme) == [(CommandId.ENQUIRE_LINK, ROK, 2, b"")]
    assert esme.next_deadline() == 31.0 + RESPONSE_S


def test_nobody_is_asked_before_the_bind_is_accepted() -> None:
    esme = binding_esme()
    esme.receive_data(pdu(CommandId.ENQUIRE_LINK, ROK, 1), 9.0)
    esme.data_to_send()
    assert esme.next_deadline() == RESPONSE_S


def test_whatever_the_peer_sends_puts_the_question_off() -> None:
    esme = bound_esme()
    esme.receive_data(pdu(CommandId.ENQUIRE_LINK, ROK, 1), 20.0)
    assert esme.next_deadline() == 20.0 + ENQUIRE_LINK_S


def test_part_of_a_pdu_is_no_sign_of_life() -> None:
    esme = bound_esme()
    esme.receive_data(b"\0", 20.0)
    assert esme.next_deadline() == BOUND_AT + ENQUIRE_LINK_S


def test_what_we_send_does_not_put_the_question_off() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 30.0)
    esme.data_to_send()
    esme.tick(31.0)
    assert sent(esme) == [(CommandId.ENQUIRE_LINK, ROK, 3, b"")]


def test_an_answered_enquire_link_is_reported_with_its_time() -> None:
    esme = bound_esme()
    esme.tick(31.0)
    assert esme.receive_data(pdu(CommandId.ENQUIRE_LINK_RESP, ROK, 2), 31.5) == [EnquireLinkAnswered(0.5)]
    assert esme.next_deadline() == 31.5 + ENQUIRE_LINK_S


def test_a_peer_that_does_not_know_enquire_link_lives_all_the_same() -> None:
    esme = bound_esme()
    esme.tick(31.0)
    nack = pdu(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDID, 2)
    assert esme.receive_data(nack, 31.5) == [EnquireLinkAnswered(0.5)]


def test_an_unanswered_enquire_link_unbinds_the_session() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 31.0)
    esme.tick(31.0)
    assert esme.tick(40.9) == []
    assert esme.tick(41.0) == [SubmitTimedOut("key"), LinkSilent()]
    assert (esme.state, esme.free_slots, esme.next_deadline()) == (SessionState.UNBOUND, 0, None)


def test_other_pdus_do_not_replace_the_answer_to_an_enquire_link() -> None:
    esme = bound_esme()
    esme.tick(31.0)
    esme.receive_data(pdu(CommandId.ENQUIRE_LINK, ROK, 9), 35.0)
    assert esme.tick(41.0) == [LinkSilent()]


def test_a_question_under_way_is_not_asked_again() -> None:
    esme = bound_esme()
    esme.enquire_link(5.0)
    esme.enquire_link(6.0)
    assert sent(esme) == [(CommandId.ENQUIRE_LINK, ROK, 2, b"")]


def test_an_unbound_session_asks_nothing() -> None:
    with pytest.raises(WrongState):
        open_esme().enquire_link(1.0)


# Unbinding.


def test_an_unbind_stops_submits_and_ends_with_its_answer() -> None:
    esme = bound_esme()
    esme.unbind(2.0)
    assert sent(esme) == [(CommandId.UNBIND, ROK, 2, b"")]
    assert esme.free_slots == 0
    with pytest.raises(WrongState, match=r"^submit_sm in state unbinding_trx$"):
        esme.submit(BODY, "key", 2.0)
    assert esme.receive_data(pdu(CommandId.UNBIND_RESP, ROK, 2), 2.5) == [Unbound()]
    assert (esme.state, esme.next_deadline()) == (SessionState.UNBOUND, None)


def test_what_is_under_way_while_unbinding_is_still_read_and_answered() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    esme.unbind(2.0)
    esme.data_to_send()
    received = pdu(CommandId.DELIVER_SM, ROK, 7, BODY) + encode_submit_sm_resp(2, ROK, "id-1")
    assert esme.receive_data(received, 2.5) == [
        DeliverReceived(7, CommandId.DELIVER_SM, MESSAGE),
        SubmitAnswered("key", ROK, "id-1", 0.5),
    ]
    esme.receive_data(pdu(CommandId.UNBIND_RESP, ROK, 3), 2.6)
    esme.answer(7, CommandId.DELIVER_SM, ROK)
    assert sent(esme) == [(CommandId.DELIVER_SM_RESP, ROK, 7, b"\0")]


def test_an_unbind_without_answer_ends_at_its_deadline() -> None:
    esme = unbinding_esme()
    assert esme.next_deadline() == 2.0 + RESPONSE_S
    assert esme.tick(12.0) == [Unbound(timed_out=True)]
    assert esme.state is SessionState.UNBOUND


def test_a_refused_unbind_ends_the_session_too() -> None:
    nack = pdu(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDID, 2)
    assert unbinding_esme().receive_data(nack, 3.0) == [Unbound()]


def test_an_answer_to_an_unbind_that_was_never_sent_unbinds_nothing() -> None:
    esme = bound_esme()
    assert esme.receive_data(pdu(CommandId.UNBIND_RESP, ROK, 2), 2.0) == [
        PduRefused("answers nothing that waits", CommandId.UNBIND_RESP)
    ]
    assert esme.state is SessionState.BOUND_TRX


def test_two_unbinds_that_cross_are_both_answered() -> None:
    esme = unbinding_esme()
    received = pdu(CommandId.UNBIND, ROK, 9) + pdu(CommandId.UNBIND_RESP, ROK, 2)
    assert esme.receive_data(received, 3.0) == [PeerUnbound(), Unbound()]
    assert sent(esme) == [(CommandId.UNBIND_RESP, ROK, 9, b"")]


def test_a_link_found_silent_while_unbinding_does_not_cut_the_unbind_short() -> None:
    esme = bound_esme()
    esme.enquire_link(2.0)
    esme.unbind(5.0)
    assert esme.tick(12.0) == [LinkSilent()]
    assert esme.tick(15.0) == [Unbound(timed_out=True)]


def test_both_deadlines_may_pass_before_anyone_looks() -> None:
    esme = bound_esme()
    esme.enquire_link(2.0)
    esme.unbind(5.0)
    assert esme.tick(99.0) == [LinkSilent(), Unbound(timed_out=True)]


def test_an_unbinding_session_does_not_ask_whether_the_peer_lives() -> None:
    esme = unbinding_esme()
    esme.tick(11.9)
    assert sent(esme) == []


def test_a_peer_that_unbinds_owes_no_other_answer() -> None:
    esme = bound_esme()
    esme.enquire_link(2.0)
    esme.receive_data(pdu(CommandId.UNBIND, ROK, 9), 3.0)
    assert esme.next_deadline() is None
    assert esme.tick(99.0) == []


def test_submits_still_open_when_the_peer_unbinds_are_told() -> None:
    esme = bound_esme()
    esme.submit(BODY, "key", 2.0)
    esme.receive_data(pdu(CommandId.UNBIND, ROK, 9), 3.0)
    assert esme.unanswered() == ["key"]


def test_only_a_bound_session_can_unbind() -> None:
    with pytest.raises(WrongState):
        binding_esme().unbind(1.0)
