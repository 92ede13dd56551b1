"""What the service answers to an SMSC that writes it every PDU itself (issue 3, rows 1 and 2; SMPP 3.4, 2.3 and 4)."""

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest
from background_loop import BackgroundLoop
from bare_smsc import BareSmsc
from connector_process import ConnectorProcess
from makers import Connect, Operators
from mobile_operator import QUICK, MobileOperator

from smpp.bind import BindMode, BindRequest, encode_bind, encode_bind_resp
from smpp.constants import CommandId, CommandStatus
from smpp.framing import parse_header
from smpp.hot import pdu

pytestmark = pytest.mark.scenarios

OK = CommandStatus.ESME_ROK
NO_ENQUIRIES = replace(QUICK, enquire_link_s=60.0, response_s=5.0)
STOPPED_S = 10.0

ENQUIRE_LINK, ENQUIRE_LINK_RESP = pdu(CommandId.ENQUIRE_LINK, OK, 7), pdu(CommandId.ENQUIRE_LINK_RESP, OK, 7)
UNKNOWN, UNKNOWN_NACK = pdu(0x999, OK, 8), pdu(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDID, 8)
BIND = encode_bind(BindRequest(BindMode.TRANSCEIVER, "smsc", "secret"), 9)
BIND_REFUSED = pdu(CommandId.BIND_TRANSCEIVER_RESP, CommandStatus.ESME_RALYBND, 9)
UNBIND, UNBIND_RESP = pdu(CommandId.UNBIND, OK, 10), pdu(CommandId.UNBIND_RESP, OK, 10)
GENERIC_NACK = pdu(CommandId.GENERIC_NACK, CommandStatus.ESME_RSYSERR, 0x7FFFFFFF)
ALERT_NOTIFICATION = pdu(CommandId.ALERT_NOTIFICATION, OK, 11, b"\1\x014915112345678\0\1\x014911\0")
STRANGE_SEQUENCE = pdu(CommandId.ENQUIRE_LINK, OK, 0xFFFFFFFF), pdu(CommandId.ENQUIRE_LINK_RESP, OK, 0xFFFFFFFF)
NO_PDU = b"HTTP/1.1 400 Bad Request\r\n\r\n"


@pytest.fixture
def smsc(loop: BackgroundLoop) -> Iterator[BareSmsc]:
    with BareSmsc(loop) as running:
        yield running


@pytest.fixture
def mno(smsc: BareSmsc, operator: Operators) -> MobileOperator:
    return operator(endpoints=[{"host": "127.0.0.1", "port": smsc.port}], timers=NO_ENQUIRIES)


@pytest.fixture
def service(mno: MobileOperator, connect: Connect) -> ConnectorProcess:
    """Connected to the SMSC, and waiting for the answer to its bind."""
    return connect(mno, wait=False)


@pytest.fixture
def bound(service: ConnectorProcess, smsc: BareSmsc, mno: MobileOperator) -> Iterator[ConnectorProcess]:
    """Bound; at the end it is stopped, and answered."""
    smsc.accept_bind()
    mno.wait_bound(service)
    yield service
    service.child.send(signal.SIGTERM)
    answer_unbind(smsc)
    assert service.child.wait(STOPPED_S) == 0


def answer_unbind(smsc: BareSmsc) -> None:
    while heard := smsc.hear():
        header = parse_header(heard)
        if header.command_id == CommandId.UNBIND:
            smsc.say(pdu(CommandId.UNBIND_RESP, OK, header.sequence_number))
            return


@pytest.mark.parametrize(
    ("request_pdu", "answer"),
    [(ENQUIRE_LINK, ENQUIRE_LINK_RESP), STRANGE_SEQUENCE, (UNKNOWN, UNKNOWN_NACK), (BIND, BIND_REFUSED)],
    ids=["enquire_link", "enquire_link with a strange number", "an unknown command", "a bind"],
)
@pytest.mark.usefixtures("bound")
def test_a_bound_session_answers(smsc: BareSmsc, request_pdu: bytes, answer: bytes) -> None:
    smsc.say(request_pdu)
    assert smsc.hear() == answer


@pytest.mark.parametrize(
    "notice",
    [ALERT_NOTIFICATION, GENERIC_NACK, ENQUIRE_LINK_RESP],
    ids=["alert_notification", "generic_nack", "an answer to nothing"],
)
@pytest.mark.usefixtures("bound")
def test_a_bound_session_takes_without_an_answer(smsc: BareSmsc, notice: bytes) -> None:
    smsc.say(notice + ENQUIRE_LINK)
    assert smsc.hear() == ENQUIRE_LINK_RESP


def test_an_unbind_is_answered_before_the_link_is_ended_and_bound_anew(smsc: BareSmsc, bound: ConnectorProcess) -> None:
    smsc.say(UNBIND)
    assert smsc.hear() == UNBIND_RESP
    assert smsc.hear() == b""
    smsc.accept_bind()
    assert [event["message"] for event in bound.events("session_unbound")] == ["unbound by the SMSC"]


@pytest.mark.usefixtures("bound")
def test_what_is_no_pdu_is_refused_before_the_link_is_ended_and_bound_anew(smsc: BareSmsc) -> None:
    smsc.say(NO_PDU)
    assert smsc.hear() == pdu(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDLEN, 0)
    assert smsc.hear() == b""
    smsc.accept_bind()


def test_a_session_that_is_not_bound_yet_answers(
    smsc: BareSmsc, service: ConnectorProcess, mno: MobileOperator
) -> None:
    bind = smsc.hear_of(CommandId.BIND_TRANSCEIVER)
    smsc.say(ENQUIRE_LINK + UNKNOWN)
    assert [smsc.hear(), smsc.hear()] == [ENQUIRE_LINK_RESP, UNKNOWN_NACK]
    smsc.say(encode_bind_resp(BindMode.TRANSCEIVER, bind.sequence_number, "bare"))
    mno.wait_bound(service)


def test_a_session_that_is_unbinding_answers(smsc: BareSmsc, service: ConnectorProcess, mno: MobileOperator) -> None:
    smsc.accept_bind()
    mno.wait_bound(service)
    service.child.send(signal.SIGTERM)
    unbind = smsc.hear_of(CommandId.UNBIND)
    smsc.say(ENQUIRE_LINK)
    assert smsc.hear() == ENQUIRE_LINK_RESP
    smsc.say(pdu(CommandId.UNBIND_RESP, OK, unbind.sequence_number))
    assert smsc.hear() == b""
    assert service.child.wait(STOPPED_S) == 0


def test_only_an_answer_with_the_number_of_the_bind_binds(
    smsc: BareSmsc, service: ConnectorProcess, mno: MobileOperator
) -> None:
    bind = smsc.hear_of(CommandId.BIND_TRANSCEIVER)
    smsc.say(encode_bind_resp(BindMode.TRANSCEIVER, bind.sequence_number + 1, "bare") + ENQUIRE_LINK)
    assert smsc.hear() == ENQUIRE_LINK_RESP
    service.running_node(mno.session(), bound=False)
    smsc.say(encode_bind_resp(BindMode.TRANSCEIVER, bind.sequence_number, "bare"))
    mno.wait_bound(service)
