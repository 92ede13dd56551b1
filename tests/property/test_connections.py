"""Both ends of a link wired together, and each end alone against arbitrary octets.

However the stream is cut, whatever the peer does and whenever the clock is looked at: nothing raises, and every
message has exactly one fate.
"""

from collections import Counter
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smpp.bind import BindMode, BindRequest, encode_bind
from smpp.connection import Connection
from smpp.constants import RESP_BIT, CommandId, CommandStatus
from smpp.esme import EsmeConnection
from smpp.events import (
    BindRequested,
    Bound,
    DeliverAnswered,
    DeliverReceived,
    DeliverTimedOut,
    Event,
    LateAnswer,
    PduRefused,
    StreamBroken,
    SubmitAnswered,
    SubmitReceived,
    SubmitTimedOut,
    Unbound,
)
from smpp.framing import FrameBuffer, parse_header
from smpp.hot import ShortMessage, encode_short_message, encode_submit_sm_resp, pdu
from smpp.session import BOUND, SessionState
from smpp.smsc import SmscConnection

WINDOW = 4
RESPONSE_S = 10.0
ENQUIRE_LINK_S = 30.0
MAX_UNANSWERED_DELIVERS = 3
FEW_EXAMPLES = settings(max_examples=60)

BODY = encode_short_message(ShortMessage(source_addr="1000", destination_addr="4179", short_message=b"hello"))
STATUSES = st.sampled_from([CommandStatus.ESME_ROK, CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RX_T_APPN])
OCTETS_ON_THEIR_WAY = st.sampled_from([1, 60, 500, 1000])
MESSAGES_BEFORE_THE_END = 5
"""Messages before either end may unbind, or most runs would be over before they began."""


def accepted(number: int) -> bytes:
    return encode_submit_sm_resp(number, CommandStatus.ESME_ROK, "id")


def accepted_twice(number: int) -> bytes:
    return 2 * accepted(number)


def throttled(number: int) -> bytes:
    return encode_submit_sm_resp(number, CommandStatus.ESME_RTHROTTLED, "")


def nacked(number: int) -> bytes:
    return pdu(CommandId.GENERIC_NACK, CommandStatus.ESME_ROK, number)


def forgotten(_number: int) -> bytes:
    return b""


SubmitAnswer = Callable[[int], bytes]
SUBMIT_ANSWERS: st.SearchStrategy[SubmitAnswer] = st.sampled_from(
    [accepted, accepted_twice, throttled, nacked, forgotten]
)


class Fates:
    """What became of each message of one end: settled at most once, answered late only after a time-out."""

    def __init__(self) -> None:
        self.sent: list[object] = []
        self.answered: Counter[object] = Counter()
        self.timed_out: Counter[object] = Counter()
        self.late: Counter[object] = Counter()

    def note(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, SubmitAnswered | DeliverAnswered):
                self.answered[event.key] += 1
            if isinstance(event, SubmitTimedOut | DeliverTimedOut):
                self.timed_out[event.key] += 1
            if isinstance(event, LateAnswer):
                self.late[event.key] += 1

    def check(self, unanswered: list[object]) -> None:
        assert self.answered + self.timed_out + Counter(unanswered) == Counter(self.sent)
        assert self.late <= self.timed_out


class TwoEnds(RuleBasedStateMachine):
    """An ESME and an SMSC with two wires between them that pass on as few or as many octets as they like."""

    @initialize(mode=st.sampled_from(BindMode), last_sequence_number=st.sampled_from([0, 0x7FFFFFFD]))
    def bind(self, mode: BindMode, last_sequence_number: int) -> None:
        self.now = 0.0
        self.esme = EsmeConnection(
            window=WINDOW,
            response_s=RESPONSE_S,
            enquire_link_s=ENQUIRE_LINK_S,
            max_unanswered_delivers=MAX_UNANSWERED_DELIVERS,
            last_sequence_number=last_sequence_number,
        )
        self.smsc = SmscConnection(window=WINDOW, response_s=RESPONSE_S, enquire_link_s=ENQUIRE_LINK_S)
        self.to_smsc = b""
        self.to_esme = b""
        self.submits = Fates()
        self.delivers = Fates()
        self.submits_received: list[int] = []
        self.delivers_received: list[DeliverReceived] = []
        self.unbinds = 0
        self.unbounds = 0
        self.esme.bind(BindRequest(mode, "esme", "secret"), self.now)
        self.exchange(1000, 1000)
        assert self.esme.state is self.smsc.state
        assert self.esme.state in BOUND

    @rule(to_smsc=OCTETS_ON_THEIR_WAY, to_esme=OCTETS_ON_THEIR_WAY)
    def exchange(self, to_smsc: int, to_esme: int) -> None:
        self.to_smsc += self.esme.data_to_send()
        passed, self.to_smsc = self.to_smsc[:to_smsc], self.to_smsc[to_smsc:]
        self.smsc_sees(self.smsc.receive_data(passed, self.now))
        self.to_esme += self.smsc.data_to_send()
        passed, self.to_esme = self.to_esme[:to_esme], self.to_esme[to_esme:]
        self.esme_sees(self.esme.receive_data(passed, self.now))

    def smsc_sees(self, events: list[Event]) -> None:
        self.delivers.note(events)
        for event in events:
            if isinstance(event, BindRequested):
                self.smsc.accept_bind(event.sequence_number, event.mode, "smsc")
            if isinstance(event, SubmitReceived):
                self.submits_received.append(event.sequence_number)

    def esme_sees(self, events: list[Event]) -> None:
        self.submits.note(events)
        self.delivers_received += [event for event in events if isinstance(event, DeliverReceived)]
        self.unbounds += sum(isinstance(event, Unbound) for event in events)

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0, 4.9, 10.0, 31.0]), look=st.booleans())
    def let_time_pass(self, seconds: float, look: bool) -> None:
        self.now += seconds
        if look:
            self.look_at_the_clock()

    def look_at_the_clock(self) -> None:
        self.esme_sees(self.esme.tick(self.now))
        self.smsc_sees(self.smsc.tick(self.now))
        for end in (self.esme, self.smsc):
            deadline = end.next_deadline()
            assert deadline is None or deadline > self.now

    @precondition(lambda self: self.esme.free_slots)
    @rule(how_many=st.integers(1, WINDOW))
    def submit(self, how_many: int) -> None:
        for _ in range(min(how_many, self.esme.free_slots)):
            self.esme.submit(BODY, len(self.submits.sent), self.now)
            self.submits.sent.append(len(self.submits.sent))

    @precondition(lambda self: self.submits_received)
    @rule(answers=st.lists(SUBMIT_ANSWERS, min_size=1, max_size=WINDOW))
    def answer_submits(self, answers: list[SubmitAnswer]) -> None:
        for answer in answers[: len(self.submits_received)]:
            self.smsc.send_raw(answer(self.submits_received.pop()))

    @precondition(lambda self: self.smsc.free_slots)
    @rule(how_many=st.integers(1, WINDOW))
    def deliver(self, how_many: int) -> None:
        for _ in range(min(how_many, self.smsc.free_slots)):
            self.smsc.deliver(BODY, len(self.delivers.sent), self.now)
            self.delivers.sent.append(len(self.delivers.sent))

    @precondition(lambda self: self.delivers_received)
    @rule(statuses=st.lists(STATUSES, min_size=1, max_size=WINDOW))
    def answer_deliveries(self, statuses: list[CommandStatus]) -> None:
        for command_status in statuses[: len(self.delivers_received)]:
            received = self.delivers_received.pop()
            self.esme.answer(received.sequence_number, received.command_id, command_status)

    @precondition(lambda self: self.esme.state in BOUND and len(self.submits.sent) >= MESSAGES_BEFORE_THE_END)
    @rule()
    def unbind(self) -> None:
        self.esme.unbind(self.now)
        self.unbinds += 1

    @precondition(lambda self: self.smsc.state in BOUND and len(self.delivers.sent) >= MESSAGES_BEFORE_THE_END)
    @rule()
    def throw_the_esme_out(self) -> None:
        self.smsc.unbind(self.now)

    @invariant()
    def every_message_has_one_fate(self) -> None:
        self.submits.check(self.esme.unanswered())
        self.delivers.check(self.smsc.unanswered())

    @invariant()
    def everything_is_bounded(self) -> None:
        assert self.esme.in_flight <= WINDOW
        assert self.smsc.in_flight <= WINDOW
        assert len(self.delivers_received) <= MAX_UNANSWERED_DELIVERS

    @invariant()
    def every_unbind_ends_once(self) -> None:
        unbinding = self.esme.state.value.startswith("unbinding")
        assert self.unbounds == self.unbinds - unbinding

    def teardown(self) -> None:
        """With the wires emptied and the deadlines passed, and a silent peer asked, nothing is left open."""
        self.exchange(1_000_000, 1_000_000)
        self.now += RESPONSE_S
        self.look_at_the_clock()
        self.exchange(1_000_000, 1_000_000)
        self.look_at_the_clock()
        assert (self.esme.unanswered(), self.smsc.unanswered()) == ([], [])


TestTwoEnds = TwoEnds.TestCase
TestTwoEnds.settings = settings(max_examples=100, stateful_step_count=50)


def esme_in(state: SessionState) -> EsmeConnection:
    esme = EsmeConnection(window=WINDOW, response_s=RESPONSE_S, enquire_link_s=ENQUIRE_LINK_S)
    if state is not SessionState.OPEN:
        esme.bind(BindRequest(BindMode.TRANSCEIVER, "esme", "secret"), 0.0)
    if state is SessionState.BOUND_TRX:
        (bound,) = esme.receive_data(pdu(CommandId.BIND_TRANSCEIVER_RESP, 0, 1, b"smsc\0"), 0.0)
        assert isinstance(bound, Bound)
        esme.submit(BODY, "key", 0.0)
    esme.data_to_send()
    return esme


def smsc_in(state: SessionState) -> SmscConnection:
    smsc = SmscConnection(window=WINDOW, response_s=RESPONSE_S)
    if state is not SessionState.OPEN:
        smsc.receive_data(encode_bind(BindRequest(BindMode.TRANSCEIVER, "esme", "secret"), 1), 0.0)
    if state is SessionState.BOUND_TRX:
        smsc.accept_bind(1, BindMode.TRANSCEIVER, "smsc")
        smsc.deliver(BODY, "key", 0.0)
    smsc.data_to_send()
    return smsc


ENDS: st.SearchStrategy[Callable[[SessionState], Connection]] = st.sampled_from([esme_in, smsc_in])
STATES = st.sampled_from([SessionState.OPEN, SessionState.BINDING_TRX, SessionState.BOUND_TRX])
COMMANDS = st.sampled_from([int(command) for command in CommandId]) | st.integers(0, 0xFFFFFFFF)
SEQUENCE_NUMBERS = st.integers(0, 4) | st.integers(0, 0xFFFFFFFF)
PDU_BODIES = st.sampled_from([b"", b"smsc\0", BODY]) | st.binary(max_size=64)
PDUS = st.builds(pdu, COMMANDS, st.sampled_from([0, 8, 0xFFFFFFFF]), SEQUENCE_NUMBERS, PDU_BODIES)


@FEW_EXAMPLES
@given(ENDS, STATES, st.binary(max_size=200))
def test_no_octets_raise(end_in: Callable[[SessionState], Connection], state: SessionState, data: bytes) -> None:
    end = end_in(state)
    end.receive_data(data, 1.0)
    end.tick(100.0)
    end.data_to_send()


@FEW_EXAMPLES
@given(ENDS, STATES, st.lists(PDUS, max_size=8))
def test_no_pdus_raise_and_none_break_the_stream(
    end_in: Callable[[SessionState], Connection], state: SessionState, pdus: list[bytes]
) -> None:
    end = end_in(state)
    events = end.receive_data(b"".join(pdus), 1.0) + end.tick(100.0)
    assert not [event for event in events if isinstance(event, StreamBroken)]


@FEW_EXAMPLES
@given(ENDS, STATES, st.lists(PDUS, max_size=8), st.integers(1, 40))
def test_how_the_stream_is_cut_changes_nothing(
    end_in: Callable[[SessionState], Connection], state: SessionState, pdus: list[bytes], octets: int
) -> None:
    data = b"".join(pdus)
    whole, cut = end_in(state), end_in(state)
    events = [event for start in range(0, len(data), octets) for event in cut.receive_data(data[start:][:octets], 1.0)]
    assert events == whole.receive_data(data, 1.0)
    assert cut.data_to_send() == whole.data_to_send()
    assert cut.state is whole.state


WAITS_FOR_THE_CALLER = BindRequested | SubmitReceived | DeliverReceived


@FEW_EXAMPLES
@given(ENDS, STATES, PDUS)
def test_every_request_is_answered_at_once_or_handed_to_the_caller(
    end_in: Callable[[SessionState], Connection], state: SessionState, received: bytes
) -> None:
    end = end_in(state)
    events = end.receive_data(received, 1.0)
    answers = [parse_header(frame) for frame in FrameBuffer().feed(end.data_to_send())]
    handed_over = [event for event in events if isinstance(event, WAITS_FOR_THE_CALLER)]
    command_id, _, sequence_number = parse_header(received)[1:]
    wants_an_answer = not command_id & RESP_BIT and command_id != CommandId.ALERT_NOTIFICATION
    assert len(answers) + len(handed_over) == wants_an_answer
    assert {answer.sequence_number for answer in answers} <= {sequence_number}
    assert {answer.command_id for answer in answers} <= {command_id | RESP_BIT, CommandId.GENERIC_NACK}


@FEW_EXAMPLES
@given(ENDS, STATES, st.integers(0x110, RESP_BIT - 1).filter(lambda number: number not in list(CommandId)))
def test_an_unknown_request_never_changes_the_state(
    end_in: Callable[[SessionState], Connection], state: SessionState, command_id: int
) -> None:
    end = end_in(state)
    assert end.receive_data(pdu(command_id, 0, 1), 1.0) == [PduRefused(f"not taken in state {state.value}", command_id)]
    assert end.state is state
