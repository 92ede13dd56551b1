"""Demand, permits, completion, preparation and intake, whatever comes and in whatever order."""

import base64
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from config.operators import DefaultAlphabet, Endpoint, OperatorConfig
from core.completion import Completion
from core.demand import LOOKAHEAD_LEAST, DemandCount
from core.intake import Intake, Taken
from core.permits import Permits
from core.preparation import Preparer
from core.reading import Unprocessable, read_dispatch
from core.redeliveries import SentSegments
from messages.lanes import Conclusion, DispatchItem
from smpp.constants import CommandId, Tag
from smpp.hot import ShortMessage, decode_short_message, pdu
from smpp.segments import LongMessages
from smpp.text import Encoding, decode_text, encoding_of
from smpp.tlv import find_tlv
from smpp.udh import user_data

FEW_EXAMPLES = settings(max_examples=60)
MARK = "marked value"
REFERENCE = 0xABCD

TEXTS = st.one_of(
    st.text(max_size=200), st.text(alphabet="ab€[ж😀é", max_size=700), st.text(alphabet="a", max_size=2000)
)
JSON_VALUES = st.recursive(
    st.sampled_from([MARK, None, True, 0, -1, 1e30, f"{MARK}\n", f"'{MARK}' - at `$.x`"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([MARK, "k"]), inner, max_size=2),
    max_leaves=4,
)
FIELDS = [
    *("message_id", "operator_id", "to", "from", "text", "encoding", "data", "priority", "validity_s", "expires_at"),
    *("request_dlr", "flash", "protocol_id", "tlvs", "metadata"),
]


def operator(
    mode: LongMessages = LongMessages.UDH8, alphabet: DefaultAlphabet = DefaultAlphabet.GSM7
) -> OperatorConfig:
    return OperatorConfig(
        operator_id="mno",
        endpoints=(Endpoint(host="smsc", port=2775),),
        long_messages=mode,
        default_alphabet=alphabet,
    )


def dispatch(**fields: Any) -> bytes:
    whole = {"message_id": "m", "operator_id": "mno", "to": "41791234567", "from": "1234", "text": "hello", **fields}
    return json.dumps(whole).encode()


def decoded(bodies: list[bytes]) -> list[ShortMessage]:
    return [decode_short_message(pdu(CommandId.SUBMIT_SM, 0, 1, body)) for body in bodies]


def content_of(message: ShortMessage) -> bytes:
    return find_tlv(message.tlvs, Tag.MESSAGE_PAYLOAD) or user_data(message)[1]


def refusal_of(payload: bytes) -> Unprocessable | None:
    try:
        Preparer(operator()).prepare(read_dispatch(payload, "mno"), 0.0).bodies(REFERENCE)
    except Unprocessable as refusal:
        return refusal
    return None


class DemandMachine(RuleBasedStateMachine):
    """What is asked for, against what arrives, waits and can be used."""

    @initialize(tps=st.sampled_from([0.1, 1, 100, 3000]))
    def start(self, tps: float) -> None:
        self.demand = DemandCount(tps)
        self.coming = 0

    @rule(free_slots=st.integers(0, 300), waiting=st.integers(0, 300))
    def ask(self, free_slots: int, waiting: int) -> None:
        count = self.demand.more(free_slots, waiting)
        self.coming += count
        assert count == 0 or self.coming + waiting <= free_slots + LOOKAHEAD_LEAST

    @rule(free_slots=st.integers(0, 300))
    def ask_with_an_empty_queue(self, free_slots: int) -> None:
        self.ask(free_slots, 0)
        assert self.coming > 0

    @rule(data=st.data())
    def arrive(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(0, self.coming))
        self.coming -= count
        self.demand.arrived(count)

    @rule()
    def withdraw(self) -> None:
        self.coming = 0
        self.demand.withdrawn()

    @invariant()
    def nothing_is_forgotten(self) -> None:
        assert not hasattr(self, "demand") or self.demand.outstanding == self.coming


class PermitMachine(RuleBasedStateMachine):
    """Permits spent and handed back, against those granted."""

    @initialize(tps=st.sampled_from([0.5, 10, 100, 1000]))
    def start(self, tps: float) -> None:
        self.permits = Permits(tps)
        self.now = 5000.0
        self.valid_until = 0.0
        self.unspent = 0

    @rule(waiting=st.integers(1, 500), share=st.floats(0, 1))
    def lease(self, waiting: int, share: float) -> None:
        assert self.permits.unused() == self.unspent
        assert self.permits.left(self.now) == 0
        wish, validity_s = self.permits.wish(waiting, self.now)
        assert wish >= 1
        self.unspent = round(wish * share)
        self.valid_until = self.now + validity_s
        self.permits.granted(self.unspent, self.valid_until)

    @rule(data=st.data())
    def spend(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(0, self.permits.left(self.now)))
        self.permits.spend(count, self.now)
        self.unspent -= count
        assert self.unspent >= 0

    @rule()
    def come_late(self) -> None:
        self.permits.came_late()

    @rule(passed_s=st.sampled_from([0.001, 0.02, 0.1, 1.0, 1.5, 10.0]))
    def time_passes(self, passed_s: float) -> None:
        self.now += passed_s

    @invariant()
    def only_what_is_granted_and_valid_can_be_spent(self) -> None:
        if hasattr(self, "permits"):
            assert self.permits.left(self.now) == (self.unspent if self.now < self.valid_until else 0)
            assert self.permits.used_tps(self.now) >= 0


TestDemand = DemandMachine.TestCase
TestDemand.settings = FEW_EXAMPLES
TestPermits = PermitMachine.TestCase
TestPermits.settings = FEW_EXAMPLES


@FEW_EXAMPLES
@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4), data=st.data())
def test_each_message_is_complete_exactly_when_its_last_segment_is_stored(sizes: list[int], data: st.DataObject):
    segments = [(f"reply {index}", segment, size) for index, size in enumerate(sizes) for segment in range(1, size + 1)]
    completion = Completion()
    stored: set[tuple[str, int, int]] = set()

    for one in data.draw(st.permutations(segments)):
        stored.add(one)
        missing = {segment for segment in segments if segment[0] == one[0]} - stored
        assert completion.stored(*one) is (not missing)


@FEW_EXAMPLES
@given(text=TEXTS, mode=st.sampled_from(LongMessages), alphabet=st.sampled_from(DefaultAlphabet), flash=st.booleans())
def test_every_text_goes_out_whole_in_submit_sm_that_can_be_read_alone(
    text: str, mode: LongMessages, alphabet: DefaultAlphabet, flash: bool
):
    read = read_dispatch(dispatch(text=text, flash=flash), "mno")

    messages = decoded(Preparer(operator(mode, alphabet)).prepare(read, 0.0).bodies(REFERENCE))

    encodings = {encoding_of(message.data_coding, Encoding(alphabet.value)) for message in messages}
    assert len(encodings) == 1
    assert "".join(decode_text(content_of(message), *encodings) for message in messages) == text.removeprefix("\ufeff")


@FEW_EXAMPLES
@given(data=st.binary(max_size=2000), mode=st.sampled_from(LongMessages))
def test_all_data_goes_out_whole(data: bytes, mode: LongMessages):
    read = read_dispatch(dispatch(text="", encoding="binary", data=base64.b64encode(data).decode()), "mno")

    messages = decoded(Preparer(operator(mode)).prepare(read, 0.0).bodies(REFERENCE))

    assert b"".join(map(content_of, messages)) == data


@FEW_EXAMPLES
@given(payload=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_payload_raises_anything_but_unprocessable(payload: bytes):
    assert str(refusal_of(payload))


@settings(max_examples=300)
@given(field=st.sampled_from(FIELDS), value=JSON_VALUES, encoding=st.sampled_from(["auto", "gsm7", "latin1", "binary"]))
def test_no_reason_holds_a_value_of_the_dispatch(field: str, value: Any, encoding: str):
    refusal = refusal_of(dispatch(**{"text": f"{MARK} ж", "encoding": encoding, field: value}))

    assert MARK not in str(refusal)
    assert refusal is None or refusal.__context__ is None or refusal.__suppress_context__


@FEW_EXAMPLES
@given(length=st.integers(0, 1000), data=st.data())
def test_a_redelivery_sends_exactly_the_segments_that_were_not_accepted(length: int, data: st.DataObject):
    intake = Intake(operator())
    item = DispatchItem(
        payload=dispatch(text="a" * length),
        reply="$JS.ACK.SMS_DISPATCH.smpp-mno.2.4711.9.1700000000000000000.0",
        deliveries=2,
        traceparent="",
        published_at=1.0,
        pulled_at=2.0,
    )
    read = intake.read(item)
    first, _ = intake.orders(intake.prepare(item, read, 0.0), REFERENCE)
    segments = range(1, len(first) + 1)
    accepted = data.draw(st.frozensets(st.sampled_from(segments)))
    sent = SentSegments(accepted, frozenset(), len(first), first[0].context.layout)

    found = intake.prepare(item, read, 0.0, sent)
    orders, concluded = intake.orders(found, REFERENCE) if isinstance(found, Taken) else ([], found)

    assert [order.context.segment for order in orders] == [one for one in segments if one not in accepted]
    assert [order.body for order in orders] == [one.body for one in first if one.context.segment not in accepted]
    assert [(one.conclusion, one.context.segment) for one in concluded] == [
        (Conclusion.ALREADY_ACCEPTED, segment) for segment in sorted(accepted)
    ]
