"""The simulated SMSC as ESMEs meet it: smpplib as an independent one, bare sockets where it must be strange."""

import asyncio
import json
import socket
import ssl
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, NamedTuple, Self, TypeVar

import pytest
import smpplib.client
import smpplib.exceptions

from sandbox.authority import Authority
from sandbox.smsc.acts import BadAct
from sandbox.smsc.character import Character, changed
from sandbox.smsc.server import SimulatedSmsc
from sandbox.smsc.tls import TlsFiles
from sandbox.smsc.traits import BadTraits
from smpp.constants import CommandId, CommandStatus, DataCoding, MessageState
from smpp.framing import FrameBuffer, parse_header
from smpp.hot import (
    ShortMessage,
    decode_short_message,
    decode_submit_sm_resp,
    encode_deliver_sm_resp,
    encode_short_message,
    pdu,
)
from smpp.receipts import Receipt, parse_receipt
from smpp.segments import LongMessages, Part, part_of, split_text
from smpp.text import Encoding, decode_text, encoding_of

DEADLINE_S = 5.0
QUIET_S = 0.15  # how long nothing must come for us to believe that nothing comes

SUBMIT_SM, DELIVER_SM, SUBMIT_SM_RESP = CommandId.SUBMIT_SM, CommandId.DELIVER_SM, CommandId.SUBMIT_SM_RESP
OK = CommandStatus.ESME_ROK
T = TypeVar("T")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.002)


class LoopThread:
    """An event loop in a thread, for the simulator; tests stay in the main thread, as blocking clients need it."""

    def __enter__(self) -> Self:
        self.loop = asyncio.new_event_loop()
        self._thread = Thread(target=self.loop.run_forever)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(DEADLINE_S)
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(DEADLINE_S)

    def call(self, function: Callable[[], T]) -> T:
        async def in_loop() -> T:
            return function()

        return self.run(in_loop())


class Received(NamedTuple):
    command_id: int
    command_status: int
    sequence_number: int
    frame: bytes


class Esme:
    """A bare socket that speaks just enough SMPP."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE_S)
        self._frames = FrameBuffer()
        self._unread: list[bytes] = []
        self._last_number = 0

    def close(self) -> None:
        self.socket.close()

    def send(self, command_id: int, body: bytes = b"") -> int:
        self._last_number += 1
        self.socket.sendall(pdu(command_id, 0, self._last_number, body))
        return self._last_number

    def read(self, within_s: float = DEADLINE_S) -> Received | None:
        """The next PDU; None where none comes in time. EOFError at the end of the link."""
        deadline = time.monotonic() + within_s
        while not self._unread:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data = self.socket.recv(65_536)
            except TimeoutError:
                return None
            if not data:
                raise EOFError
            self._unread += self._frames.feed(data)
        frame = self._unread.pop(0)
        _, command_id, command_status, sequence_number = parse_header(frame)
        return Received(command_id, command_status, sequence_number, frame)

    def next(self, command_id: int | None = None) -> Received:
        """The next PDU, which must be this one."""
        received = self.read()
        assert received is not None, "nothing came in time"
        assert command_id in (None, received.command_id)
        return received

    def expect_silence(self) -> None:
        assert self.read(QUIET_S) is None

    def expect_end(self) -> None:
        with pytest.raises((EOFError, ConnectionError)):
            self._read_until_quiet()

    def _read_until_quiet(self) -> None:
        while self.read() is not None:
            pass

    def bind(self, mode: str = "transceiver", system_id: str = "esme", password: str = "secret") -> CommandStatus:
        command_id = CommandId[f"BIND_{mode.upper()}"]
        self.send(command_id, f"{system_id}\0{password}\0\0\x34\0\0\0".encode())
        return CommandStatus(self.next(command_id | 0x80000000).command_status)

    def submit(self, *texts: str | ShortMessage, receipt: bool = True, to: str = "491511") -> None:
        """All in one segment of TCP, so that the SMSC sees them at once."""
        octets = b""
        for text in texts:
            self._last_number += 1
            message = message_of(text, to, receipt) if isinstance(text, str) else text
            octets += pdu(SUBMIT_SM, 0, self._last_number, encode_short_message(message))
        self.socket.sendall(octets)

    def answers(self, count: int = 1) -> list[tuple[str, str]]:
        """Name of the status and message id of the next answers."""
        answers = [self.next(SUBMIT_SM_RESP) for _ in range(count)]
        return [(CommandStatus(a.command_status).name, decode_submit_sm_resp(a.frame)) for a in answers]

    def delivers(self, count: int = 1, status: CommandStatus | None = OK) -> list[ShortMessage]:
        """The next deliver_sm, each answered with `status` unless that is None; anything else is skipped."""
        found: list[ShortMessage] = []
        while len(found) < count:
            received = self.next()
            if received.command_id == DELIVER_SM:
                found.append(decode_short_message(received.frame))
                if status is not None:
                    self.socket.sendall(encode_deliver_sm_resp(received.sequence_number, status))
        return found

    def receipts(self, count: int = 1, status: CommandStatus | None = OK) -> list[Receipt]:
        parsed = [parse_receipt(message) for message in self.delivers(count, status)]
        return [receipt for receipt in parsed if receipt is not None]


def message_of(text: str, to: str, receipt: bool) -> ShortMessage:
    return ShortMessage(
        source_addr="Sender", destination_addr=to, registered_delivery=int(receipt), short_message=text.encode()
    )


def ids(receipts: Sequence[Receipt]) -> list[str | None]:
    return [receipt.smsc_message_id for receipt in receipts]


class Smsc:
    """The simulator, from another thread."""

    def __init__(self, thread: LoopThread, stack: ExitStack, traits: dict[str, object], settings: dict[str, Any]):
        self._thread = thread
        self._stack = stack
        self._smsc = SimulatedSmsc(changed(Character(), traits), **settings)
        thread.run(self._smsc.start())
        stack.callback(lambda: thread.run(self._smsc.stop()))
        self.port = self._smsc.port

    def change(self, **traits: object) -> None:
        self._thread.run(self._smsc.change(**traits))

    def act(self, name: str, **details: object) -> int:
        return self._thread.call(lambda: self._smsc.act(name, **details))

    def report(self) -> Any:
        report = json.dumps(self._thread.call(self._smsc.report))
        return json.loads(report, object_hook=lambda entry: SimpleNamespace(**entry))

    def connect(self) -> Esme:
        esme = Esme(self.port)
        self._stack.callback(esme.close)
        return esme

    def bound(self, mode: str = "transceiver", system_id: str = "esme") -> Esme:
        esme = self.connect()
        assert esme.bind(mode, system_id) is OK
        return esme


Simulate = Callable[..., Smsc]


@pytest.fixture(scope="module")
def thread() -> Iterator[LoopThread]:
    with LoopThread() as thread:
        yield thread


@pytest.fixture
def simulate(thread: LoopThread) -> Iterator[Simulate]:
    """Starts simulators with a given behaviour; ends them and their ESMEs after the test."""
    with ExitStack() as stack:
        yield lambda settings={}, **traits: Smsc(thread, stack, traits, settings)


class Smpplib:
    """smpplib's client, with what it received."""

    def __init__(self, port: int, stack: ExitStack, **settings: Any) -> None:
        self.client = smpplib.client.Client(
            "127.0.0.1", port, timeout=DEADLINE_S, allow_unknown_opt_params=True, **settings
        )
        self.received: list[Any] = []
        self.answered: list[Any] = []
        self.client.set_message_received_handler(lambda pdu: self.received.append(pdu))
        self.client.set_message_sent_handler(lambda pdu: self.answered.append(pdu))
        self.client.connect()
        stack.callback(self.client.disconnect)


@pytest.fixture
def smpplib_client() -> Iterator[Callable[..., Smpplib]]:
    with ExitStack() as stack:
        yield lambda port, **settings: Smpplib(port, stack, **settings)


class TestWithSmpplib:
    def test_a_message_is_answered_and_its_receipt_comes(
        self, simulate: Simulate, smpplib_client: Callable[..., Smpplib]
    ) -> None:
        smsc = simulate(id_start=77)
        esme = smpplib_client(smsc.port)
        assert esme.client.bind_transceiver(system_id="esme", password="secret").system_id == b"sandbox"
        esme.client.send_message(
            source_addr="Sender", destination_addr="491511", short_message=b"hello", registered_delivery=1
        )
        while not esme.received:
            esme.client.read_once()
        assert [answer.message_id for answer in esme.answered] == [b"77"]
        (receipt,) = esme.received
        assert (receipt.receipted_message_id, receipt.message_state) == (b"77", MessageState.DELIVERED)
        assert receipt.short_message.startswith(b"id:77 sub:001 dlvrd:001 submit date:")
        esme.client.unbind()
        wait_until(lambda: smsc.report().binds.now == 0)

    def test_a_refused_bind_is_its_error(self, simulate: Simulate, smpplib_client: Callable[..., Smpplib]) -> None:
        smsc = simulate(refused_modes="transceiver")
        esme = smpplib_client(smsc.port)
        with pytest.raises(smpplib.exceptions.PDUError) as error:
            esme.client.bind_transceiver(system_id="esme", password="secret")
        assert error.value.args[1] == CommandStatus.ESME_RINVCMDID

    def test_tls_without_an_authority_lets_in_anyone(
        self, simulate: Simulate, smpplib_client: Callable[..., Smpplib], tmp_path: Path
    ) -> None:
        server = Authority(tmp_path / "ca").issue_server("smsc")
        smsc = simulate({"tls": TlsFiles(server.cert_file, server.key_file)})
        context = ssl.create_default_context(cafile=str(server.ca_file))
        context.check_hostname = False  # smpplib names no server
        esme = smpplib_client(smsc.port, ssl_context=context)
        assert esme.client.bind_transceiver(system_id="esme", password="secret").status == OK
        esme.client.unbind()

    def test_tls_lets_in_only_who_has_a_certificate(
        self, simulate: Simulate, smpplib_client: Callable[..., Smpplib], tmp_path: Path
    ) -> None:
        authority = Authority(tmp_path / "ca")
        server, client = authority.issue_server("smsc"), authority.issue_client("esme")
        smsc = simulate({"tls": TlsFiles(server.cert_file, server.key_file, server.ca_file)})
        context = ssl.create_default_context(cafile=str(client.ca_file))
        context.check_hostname = False  # smpplib names no server
        with pytest.raises((OSError, smpplib.exceptions.ConnectionError)):
            smpplib_client(smsc.port, ssl_context=context).client.bind_transceiver(system_id="esme", password="")
        context.load_cert_chain(client.cert_file, client.key_file)
        esme = smpplib_client(smsc.port, ssl_context=context)
        assert esme.client.bind_transceiver(system_id="esme", password="secret").status == OK
        esme.client.unbind()


class TestBinds:
    def test_a_refused_transceiver_may_bind_as_transmitter_and_receiver(self, simulate: Simulate) -> None:
        smsc = simulate(refused_modes=["transceiver"])
        transmitter, receiver = smsc.connect(), smsc.connect()
        assert transmitter.bind("transceiver") is CommandStatus.ESME_RINVCMDID
        assert transmitter.bind("transmitter") is OK
        assert receiver.bind("receiver") is OK
        transmitter.submit("hello")
        assert transmitter.answers() == [("ESME_ROK", "1")]
        assert ids(receiver.receipts()) == ["1"]

    def test_unknown_logins_are_refused(self, simulate: Simulate) -> None:
        smsc = simulate(logins="esme:secret,other:word")
        assert smsc.connect().bind(system_id="esme", password="wrong") is CommandStatus.ESME_RINVPASWD
        assert smsc.connect().bind(system_id="nobody", password="secret") is CommandStatus.ESME_RINVSYSID
        assert smsc.connect().bind(system_id="other", password="word") is OK
        refused = smsc.report().binds.refused
        assert vars(refused) == {"ESME_RINVPASWD": 1, "ESME_RINVSYSID": 1}

    def test_a_place_is_free_again_once_a_bind_is_gone(self, simulate: Simulate) -> None:
        smsc = simulate(max_binds=1)
        first = smsc.bound()
        assert smsc.connect().bind() is CommandStatus.ESME_RALYBND
        first.close()
        wait_until(lambda: smsc.report().binds.now == 0)
        assert smsc.connect().bind() is OK

    def test_any_status_can_be_given_to_a_bind(self, simulate: Simulate) -> None:
        smsc = simulate(bind_status="ESME_RBINDFAIL")
        assert smsc.connect().bind() is CommandStatus.ESME_RBINDFAIL

    def test_binds_are_reported(self, simulate: Simulate) -> None:
        smsc = simulate()
        smsc.bound("transmitter")
        smsc.bound("receiver", "other").close()
        wait_until(lambda: smsc.report().binds.now == 1)
        binds = smsc.report().binds
        assert (binds.highest, binds.total, vars(binds.now_by_system_id)) == (2, 2, {"esme": 1})
        assert vars(binds.total_by_mode) == {"transmitter": 1, "receiver": 1}


class TestAnswers:
    def test_an_answer_waits_its_delay(self, simulate: Simulate) -> None:
        esme = simulate(answer_delay_s=0.1, answer_spread_s=0.05).bound()
        start = time.monotonic()
        esme.submit("one", receipt=False)
        assert esme.answers() == [("ESME_ROK", "1")]
        assert 0.1 <= time.monotonic() - start < 1.0

    def test_errors_come_by_percentage_and_by_prefix(self, simulate: Simulate) -> None:
        smsc = simulate(error_percent=100, error_status="ESME_RMSGQFUL", prefix_statuses="44=ESME_RINVDSTADR")
        esme = smsc.bound()
        esme.submit("one", to="4915")
        esme.submit("two", to="4415")
        assert esme.answers(2) == [("ESME_RMSGQFUL", ""), ("ESME_RINVDSTADR", "")]
        assert smsc.report().submits.accepted == 0

    def test_an_unanswered_submit_is_accepted_and_delivered(self, simulate: Simulate) -> None:
        smsc = simulate(no_answer_percent=100)
        esme = smsc.bound()
        esme.submit("#1")
        assert esme.next().command_id == DELIVER_SM
        submits = smsc.report().submits
        assert (submits.accepted, submits.unanswered) == (1, 1)

    def test_a_submit_over_the_tps_limit_is_throttled(self, simulate: Simulate) -> None:
        smsc = simulate(tps_limit=3, receipts="none")
        esme = smsc.bound()
        esme.submit(*"abcde")
        assert [status for status, _ in esme.answers(5)] == ["ESME_ROK"] * 3 + ["ESME_RTHROTTLED"] * 2
        assert vars(smsc.report().submits.by_status) == {"ESME_ROK": 3, "ESME_RTHROTTLED": 2}

    def test_no_more_answers_wait_than_there_is_room_for(
        self, simulate: Simulate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sandbox.smsc.submits.MAX_WAITING", 2)
        esme = simulate(answer_delay_s=0.02, receipts="none").bound()
        esme.submit("one", "two", "three")
        assert esme.answers(3) == [("ESME_ROK", "1"), ("ESME_ROK", "2"), ("ESME_RMSGQFUL", "")]

    def test_the_behaviour_changes_while_it_runs(self, simulate: Simulate) -> None:
        smsc = simulate(receipts="none")
        esme = smsc.bound()
        smsc.change(error_percent=100)
        esme.submit("one")
        assert esme.answers() == [("ESME_RSYSERR", "")]
        smsc.change(error_percent=0, id_start=500, id_notation="hex")
        esme.submit("two")
        assert esme.answers() == [("ESME_ROK", "1f4")]

    def test_a_wrong_change_changes_nothing(self, simulate: Simulate) -> None:
        smsc = simulate(receipts="none")
        with pytest.raises(BadTraits, match="tps_limit"):
            smsc.change(error_percent=100, tps_limit=-1)
        esme = smsc.bound()
        esme.submit("one")
        assert esme.answers() == [("ESME_ROK", "1")]


class TestReceipts:
    def test_ids_may_be_hex_in_the_response_and_decimal_in_the_receipt(self, simulate: Simulate) -> None:
        esme = simulate(id_notation="hex", id_digits=8, id_start=255).bound()
        esme.submit("one")
        assert esme.answers() == [("ESME_ROK", "000000ff")]
        assert ids(esme.receipts()) == ["00000255"]

    def test_a_receipt_comes_only_if_asked_for(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.bound()
        esme.submit("one", receipt=False)
        esme.submit("two")
        assert ids(esme.receipts()) == ["2"]
        assert smsc.report().receipts.made == 1

    def test_none_comes_where_there_are_none(self, simulate: Simulate) -> None:
        esme = simulate(receipts="none").bound()
        esme.submit("one")
        assert esme.answers() == [("ESME_ROK", "1")]
        esme.expect_silence()

    def test_a_receipt_may_come_before_the_response(self, simulate: Simulate) -> None:
        esme = simulate(receipts="before-response").bound()
        esme.submit("one")
        assert [esme.next().command_id for _ in range(2)] == [DELIVER_SM, SUBMIT_SM_RESP]

    def test_a_receipt_comes_after_the_response_and_its_delay(self, simulate: Simulate) -> None:
        esme = simulate(receipt_delay_s=0.1, answer_delay_s=0.05).bound()
        start = time.monotonic()
        esme.submit("one")
        assert [esme.next().command_id for _ in range(2)] == [SUBMIT_SM_RESP, DELIVER_SM]
        assert 0.15 <= time.monotonic() - start < 1.0

    def test_a_late_receipt_comes_later(self, simulate: Simulate) -> None:
        smsc = simulate(late_percent=100, late_s=0.1)
        esme = smsc.bound()
        start = time.monotonic()
        esme.submit("one")
        assert ids(esme.receipts()) == ["1"]
        assert 0.1 <= time.monotonic() - start < 1.0

    def test_receipts_may_come_twice(self, simulate: Simulate) -> None:
        esme = simulate(receipt_copies=2).bound()
        esme.submit("one", "two")
        assert ids(esme.receipts(4)) == ["1", "1", "2", "2"]

    def test_receipts_may_come_out_of_order(self, simulate: Simulate) -> None:
        esme = simulate(receipt_order="reversed").bound()
        esme.submit("one", "two", "three")
        assert ids(esme.receipts(3)) == ["3", "2", "1"]

    @pytest.mark.parametrize(("kind", "intermediate"), [("receipt", False), ("notification", True)])
    def test_an_enroute_may_come_first(self, simulate: Simulate, kind: str, intermediate: bool) -> None:
        esme = simulate(intermediate=kind, receipt_delay_s=0.05, final_stats="UNDELIV=100").bound()
        esme.submit("one")
        first, last = esme.receipts(2)
        assert (first.state, first.intermediate) == (MessageState.ENROUTE, intermediate)
        assert (last.state, last.intermediate) == (MessageState.UNDELIVERABLE, False)

    @pytest.mark.parametrize(("form", "has_text", "tlvs"), [("text", True, 0), ("tlv", False, 2), ("both", True, 2)])
    def test_a_receipt_tells_by_text_by_tlv_or_by_both(
        self, simulate: Simulate, form: str, has_text: bool, tlvs: int
    ) -> None:
        esme = simulate(receipt_form=form).bound()
        esme.submit("one")
        (message,) = esme.delivers()
        assert (bool(message.short_message), len(message.tlvs)) == (has_text, tlvs)

    def test_final_stats_are_mixed(self, simulate: Simulate) -> None:
        esme = simulate(final_stats="DELIVRD=50,REJECTD=50").bound()
        esme.submit(*map(str, range(40)))
        assert {receipt.stat for receipt in esme.receipts(40)} == {"DELIVRD", "REJECTD"}

    def test_receipts_go_to_the_binds_of_their_system_id_only(self, simulate: Simulate) -> None:
        smsc = simulate()
        transmitter, receiver = smsc.bound("transmitter"), smsc.bound("receiver")
        foreign = smsc.bound(system_id="other")
        transmitter.submit("one")
        assert ids(receiver.receipts()) == ["1"]
        foreign.expect_silence()

    def test_receipts_are_kept_until_somebody_can_receive(self, simulate: Simulate) -> None:
        smsc = simulate()
        transmitter = smsc.bound("transmitter")
        transmitter.submit("one")
        transmitter.answers()
        assert smsc.report().receipts.pending == 1
        assert ids(smsc.bound("receiver").receipts()) == ["1"]
        wait_until(lambda: smsc.report().receipts.pending == 0)

    def test_a_refused_receipt_comes_again(self, simulate: Simulate) -> None:
        smsc = simulate(deliver_retry_s=0.02)
        esme = smsc.bound()
        esme.submit("one")
        assert ids(esme.receipts(status=CommandStatus.ESME_RX_T_APPN)) == ["1"]
        assert ids(esme.receipts()) == ["1"]
        wait_until(lambda: smsc.report().receipts.answered == 1)
        tally = smsc.report().receipts
        assert (tally.made, tally.sent, tally.refused, tally.pending) == (1, 2, 1, 0)

    def test_an_unanswered_receipt_comes_again(self, simulate: Simulate) -> None:
        smsc = simulate(deliver_answer_s=0.05, deliver_retry_s=0.02)
        esme = smsc.bound()
        esme.submit("one")
        assert ids(esme.receipts(status=None)) == ["1"]
        assert ids(esme.receipts()) == ["1"]
        wait_until(lambda: smsc.report().receipts.answered == 1)
        assert smsc.report().receipts.timed_out == 1

    def test_a_late_answer_to_a_receipt_counts(self, simulate: Simulate) -> None:
        smsc = simulate(deliver_answer_s=0.03)
        esme = smsc.bound()
        esme.submit("one")
        esme.answers()
        receipt = esme.next(DELIVER_SM)
        wait_until(lambda: smsc.report().receipts.timed_out == 1)
        esme.socket.sendall(encode_deliver_sm_resp(receipt.sequence_number, OK))
        wait_until(lambda: smsc.report().receipts.pending == 0)
        assert smsc.report().receipts.answered == 1

    def test_a_late_refusal_repeats_nothing_that_is_repeated_already(self, simulate: Simulate) -> None:
        smsc = simulate(deliver_answer_s=0.03, deliver_retry_s=0.05)
        esme = smsc.bound()
        esme.submit("one")
        esme.answers()
        receipt = esme.next(DELIVER_SM)
        wait_until(lambda: smsc.report().receipts.timed_out == 1)
        esme.socket.sendall(encode_deliver_sm_resp(receipt.sequence_number, CommandStatus.ESME_RX_T_APPN))
        assert ids(esme.receipts()) == ["1"]
        esme.expect_silence()
        assert smsc.report().receipts.refused == 0

    def test_an_unanswered_receipt_of_a_lost_bind_comes_on_the_next(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.bound()
        esme.submit("one")
        esme.receipts(status=None)
        esme.close()
        assert ids(smsc.bound().receipts()) == ["1"]

    def test_repeats_end(self, simulate: Simulate) -> None:
        smsc = simulate(deliver_retry_s=0.01, deliver_retries=2)
        esme = smsc.bound()
        esme.submit("one")
        assert ids(esme.receipts(3, status=CommandStatus.ESME_RX_P_APPN)) == ["1", "1", "1"]
        wait_until(lambda: smsc.report().receipts.given_up == 1)
        esme.expect_silence()

    def test_no_more_receipts_are_unanswered_than_the_window_allows(self, simulate: Simulate) -> None:
        esme = simulate(deliver_window=2).bound()
        esme.submit("one", "two", "three")
        esme.answers(3)
        first, second = esme.next(DELIVER_SM), esme.next(DELIVER_SM)
        esme.expect_silence()
        esme.socket.sendall(encode_deliver_sm_resp(first.sequence_number, OK))
        assert esme.next(DELIVER_SM).sequence_number not in (first.sequence_number, second.sequence_number)


class TestMobileOriginated:
    def test_a_short_text_comes_as_one_deliver_sm(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.bound()
        assert smsc.act("mo", text="Grüße", source="4917", destination="12345") == 1
        (message,) = esme.delivers()
        assert (message.source_addr, message.destination_addr, message.esm_class) == ("4917", "12345", 0)
        assert decode_text(message.short_message, encoding_of(message.data_coding)) == "Grüße"
        wait_until(lambda: smsc.report().mo.answered == 1)

    @pytest.mark.parametrize("mode", ["udh8", "udh16", "sar"])
    def test_a_long_text_comes_in_parts(self, simulate: Simulate, mode: str) -> None:
        smsc = simulate()
        esme = smsc.bound()
        assert smsc.act("mo", text="привет " * 20, long_messages=mode) == 3
        messages = esme.delivers(3)
        parts = [part for part in map(part_of, messages) if isinstance(part, Part)]
        assert [(part.part, part.parts) for part in parts] == [(1, 3), (2, 3), (3, 3)]
        assert decode_text(b"".join(part.content for part in parts), Encoding.UCS2) == "привет " * 20

    def test_some_of_its_parts_can_be_sent_in_an_order_of_ones_own(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.bound()
        assert smsc.act("mo", text="x" * 400, parts="3,1") == 2
        parts = [part for part in map(part_of, esme.delivers(2)) if isinstance(part, Part)]
        assert [(part.part, part.parts) for part in parts] == [(3, 3), (1, 3)]
        with pytest.raises(BadAct, match="parts: the text has fewer"):
            smsc.act("mo", text="short", parts=[2])

    def test_it_waits_for_a_bind_of_the_system_id_it_names(self, simulate: Simulate) -> None:
        smsc = simulate()
        smsc.act("mo", text="hello", system_id="esme")
        assert smsc.bound("receiver").delivers()[0].short_message == b"hello"

    def test_without_a_system_id_there_must_be_one_alone(self, simulate: Simulate) -> None:
        smsc = simulate()
        smsc.bound(), smsc.bound(system_id="other")
        with pytest.raises(BadAct, match="system_id: must be given, 2 are bound"):
            smsc.act("mo", text="hello")


class TestFaults:
    def test_unbind_now(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme, other = smsc.bound(), smsc.bound(system_id="other")
        assert smsc.act("unbind", system_id="esme") == 1
        unbind = esme.next(CommandId.UNBIND)
        esme.socket.sendall(pdu(CommandId.UNBIND_RESP, OK, unbind.sequence_number))
        esme.expect_end()
        other.expect_silence()

    def test_a_link_that_falls_silent_reads_and_answers_nothing(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.bound()
        smsc.act("silence")
        esme.submit("#1")
        esme.send(CommandId.ENQUIRE_LINK)
        esme.expect_silence()
        assert (smsc.report().ignored, smsc.report().submits.received) == (1, 0)

    def test_silence_can_be_for_all_links_and_can_end(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.bound()
        smsc.change(silent=True)
        esme.send(CommandId.ENQUIRE_LINK)
        esme.expect_silence()
        smsc.change(silent=False)
        esme.send(CommandId.ENQUIRE_LINK)
        assert esme.next().sequence_number == 3

    def test_a_mute_smsc_lets_an_esme_bind_and_says_nothing_more(self, simulate: Simulate) -> None:
        smsc = simulate(mute=True)
        esme = smsc.bound()
        esme.send(CommandId.ENQUIRE_LINK)
        esme.expect_silence()
        assert smsc.report().binds.now == 1

    def test_a_link_can_be_dropped_with_fin(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.bound()
        smsc.act("drop")
        with pytest.raises(EOFError):
            esme.read()

    def test_a_link_can_be_dropped_with_rst(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.bound()
        smsc.act("reset")
        with pytest.raises(ConnectionResetError):
            esme.read()

    def test_a_deaf_listener_accepts_and_says_nothing(self, simulate: Simulate) -> None:
        smsc = simulate(listener="deaf")
        esme = smsc.connect()
        esme.send(CommandId.BIND_TRANSCEIVER, b"esme\0secret\0\0\x34\0\0\0")
        esme.expect_silence()

    def test_a_closed_listener_refuses_and_can_open_again(self, simulate: Simulate) -> None:
        smsc = simulate(listener="closed")
        with pytest.raises(ConnectionRefusedError):
            smsc.connect()
        smsc.change(listener="open")
        bound = smsc.bound()
        smsc.change(listener="closed")
        with pytest.raises(ConnectionRefusedError):
            smsc.connect()
        bound.send(CommandId.ENQUIRE_LINK)
        assert bound.next().command_id == CommandId.ENQUIRE_LINK_RESP

    def test_half_a_pdu_is_followed_by_silence(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.bound()
        smsc.act("half-pdu")
        half = esme.socket.recv(1000)
        assert (int.from_bytes(half[:4], "big"), len(half)) == (200, 46)
        esme.send(CommandId.ENQUIRE_LINK)
        esme.expect_silence()

    def test_garbage_is_sent_as_told(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.bound()
        smsc.act("garbage", data="deadbeef")
        assert esme.socket.recv(1000) == bytes.fromhex("deadbeef")
        smsc.act("garbage")
        assert esme.socket.recv(1000).startswith(b"HTTP/1.1 400")

    def test_acts_may_mean_the_links_of_one_mode(self, simulate: Simulate) -> None:
        smsc = simulate()
        receiver, transmitter = smsc.bound("receiver"), smsc.bound("transmitter")
        assert smsc.act("drop", mode="receiver") == 1
        receiver.expect_end()
        transmitter.expect_silence()

    def test_an_unknown_act_is_refused(self, simulate: Simulate) -> None:
        with pytest.raises(BadAct, match=r"no such act; there are unbind, .*, mo"):
            simulate().act("explode")

    def test_garbage_from_an_esme_ends_its_link(self, simulate: Simulate) -> None:
        esme = simulate().bound()
        esme.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert esme.next().command_id == CommandId.GENERIC_NACK
        esme.expect_end()

    def test_an_esme_that_reads_nothing_holds_its_messages_back(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.bound()
        for _ in range(300):
            smsc.act("mo", text="x" * 39_000, long_messages="payload")
        assert smsc.report().mo.sent < 300
        esme.delivers(300)
        wait_until(lambda: smsc.report().mo.pending == 0)

    @pytest.mark.parametrize(
        ("act", "details", "problem"),
        [
            ("garbage", {"data": "xyz"}, "data: must be octets in hex"),
            ("garbage", {"data": "00" * 65_537}, "data: must be at most 65536 octets"),
            ("mo", {"text": 5}, "text: must be text"),
            ("drop", {"mode": "both"}, "mode: must be one of transmitter, receiver, transceiver"),
        ],
    )
    def test_wrong_details_of_an_act_are_named(
        self, simulate: Simulate, act: str, details: dict[str, object], problem: str
    ) -> None:
        with pytest.raises(BadTraits) as error:
            simulate().act(act, **details)
        assert str(error.value) == problem

    def test_an_unbound_link_is_not_unbound_again(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.connect()
        wait_until(lambda: smsc.report().connections == 1)
        assert (smsc.act("unbind"), smsc.act("enquire-link")) == (1, 1)
        esme.expect_silence()

    def test_a_command_that_is_not_offered_is_refused_and_counted(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.bound()
        esme.send(CommandId.QUERY_SM, b"1\0\0\0\0")
        assert esme.next(CommandId.QUERY_SM_RESP).command_status == CommandStatus.ESME_RQUERYFAIL
        assert smsc.report().pdus_refused == 1


class TestEnquireLinks:
    def test_the_smsc_asks_a_quiet_esme_and_counts_its_answers(self, simulate: Simulate) -> None:
        smsc = simulate(enquire_link_s=0.05)
        esme = smsc.bound()
        question = esme.next(CommandId.ENQUIRE_LINK)
        esme.socket.sendall(pdu(CommandId.ENQUIRE_LINK_RESP, OK, question.sequence_number))
        wait_until(lambda: smsc.report().enquire_links.answered == 1)

    def test_the_smsc_asks_at_once_when_told(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.bound()
        smsc.act("enquire-link")
        assert esme.next().command_id == CommandId.ENQUIRE_LINK

    def test_an_esme_that_does_not_answer_is_dropped(self, simulate: Simulate) -> None:
        smsc = simulate(enquire_link_s=0.03, deliver_answer_s=0.03)
        esme = smsc.bound()
        esme.expect_end()
        wait_until(lambda: smsc.report().binds.now == 0)

    def test_the_esmes_questions_are_answered_and_counted(self, simulate: Simulate) -> None:
        smsc = simulate()
        esme = smsc.bound()
        esme.send(CommandId.ENQUIRE_LINK)
        assert esme.next().command_id == CommandId.ENQUIRE_LINK_RESP
        assert smsc.report().enquire_links.received == 1


class TestReport:
    def test_messages_duplicates_and_markers_are_told_apart(self, simulate: Simulate) -> None:
        smsc = simulate(receipts="none")
        esme = smsc.bound()
        long_one = [
            ShortMessage(destination_addr="491511", esm_class=part.esm_class_bits, short_message=part.short_message)
            for part in split_text("#5 " + "long " * 40, Encoding.GSM7, LongMessages.UDH8, 1)
        ]
        esme.submit("#1 one", "#2 two", "#1 one", *long_one)
        esme.answers(5)
        report = smsc.report()
        assert vars(report.messages) == {
            "messages": 4,
            "segments": 2,
            "incomplete": 0,
            "distinct": 4,
            "duplicated": 1,
            "untold": 0,
        }
        assert (vars(report.markers.duplicated_named), report.markers.missing_named) == ({"1": 2}, [3, 4])

    def test_a_throttled_message_that_comes_again_is_no_duplicate(self, simulate: Simulate) -> None:
        smsc = simulate(error_percent=100, error_status="ESME_RTHROTTLED")
        esme = smsc.bound()
        esme.submit("#1")
        esme.answers()
        smsc.change(error_percent=0)
        esme.submit("#1")
        esme.answers()
        assert (smsc.report().messages.distinct, smsc.report().messages.duplicated) == (1, 0)

    def test_the_rate_and_the_window_of_an_esme_are_seen(self, simulate: Simulate) -> None:
        smsc = simulate(answer_delay_s=0.2, receipts="none")
        esme = smsc.bound()
        esme.submit("one", "two", "three")
        wait_until(lambda: smsc.report().submits.received == 3)
        esme.submit("four")
        esme.answers(4)
        esme.submit("five")
        esme.answers()
        report = smsc.report()
        assert (report.submits.highest_in_a_second, report.binds.highest_window) == (5, 4)
        assert report.submits.first_at <= report.submits.last_at

    def test_a_record_has_a_line_for_each_submit(self, simulate: Simulate, tmp_path: Path) -> None:
        smsc = simulate({"record": tmp_path / "record.jsonl"}, receipts="none", prefix_statuses="44=ESME_RINVDSTADR")
        esme = smsc.bound()
        before = time.time_ns()
        esme.submit("#7 hello")
        esme.submit("hello", to="4415")
        esme.answers(2)
        smsc.report()
        lines = [json.loads(line) for line in (tmp_path / "record.jsonl").read_text().splitlines()]
        assert all(before <= line.pop("at_ns") <= time.time_ns() for line in lines)
        common = {"link": 1, "system_id": "esme", "source": "Sender", "part": 1, "parts": 1}
        assert lines == [
            {
                **common,
                "command_status": "ESME_ROK",
                "smsc_message_id": "1",
                "marker": 7,
                "destination": "491511",
                "text": "#7 hello",
            },
            {
                **common,
                "command_status": "ESME_RINVDSTADR",
                "smsc_message_id": "",
                "marker": None,
                "destination": "4415",
                "text": "hello",
            },
        ]

    def test_binary_content_is_recorded_in_hex(self, simulate: Simulate, tmp_path: Path) -> None:
        smsc = simulate({"record": tmp_path / "record.jsonl"})
        esme = smsc.bound()
        esme.submit(ShortMessage(data_coding=DataCoding.BINARY, short_message=b"\0\xff"))
        esme.answers()
        smsc.report()
        (line,) = (tmp_path / "record.jsonl").read_text().splitlines()
        assert (json.loads(line)["data"], "text" in json.loads(line)) == ("00ff", False)

    def test_without_a_record_nothing_is_written(self, simulate: Simulate, tmp_path: Path) -> None:
        smsc = simulate(receipts="none")
        esme = smsc.bound()
        esme.submit("hello")
        esme.answers()
        assert list(tmp_path.iterdir()) == []


def test_it_stops_with_an_unbind_for_everyone(thread: LoopThread) -> None:
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        smsc = SimulatedSmsc()
        thread.run(smsc.start())
        esme = Esme(smsc.port)
        stack.callback(esme.close)
        esme.bind()
        stopped = pool.submit(lambda: thread.run(smsc.stop()))
        unbind = esme.next(CommandId.UNBIND)
        esme.socket.sendall(pdu(CommandId.UNBIND_RESP, OK, unbind.sequence_number))
        stopped.result(DEADLINE_S)
        esme.expect_end()
        with pytest.raises(ConnectionRefusedError):
            Esme(smsc.port)
