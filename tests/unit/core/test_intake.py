"""From a dispatch as JetStream gave it to the orders that carry it."""

import base64
import json
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from config.operators import Endpoint, MessageIdConfig, OperatorConfig, UnknownOutcome
from config.texts import DefaultAlphabet, TextConfig
from core.intake import MOST_DELIVERIES, Intake, Taken, mark_possibly_sent
from core.order_queue import Order
from core.reading import MAX_DISPATCH_BYTES, Unprocessable
from core.redeliveries import NOTHING_SENT, SentSegments
from core.storing import decode_context
from messages.lanes import Concluded, Conclusion, DispatchItem, MessageContext
from smpp.constants import CommandId
from smpp.hot import decode_short_message, pdu
from smpp.message_id import IdRule
from smpp.segments import LongMessages, part_of
from smpp.shift_tables import Language

OPERATOR = OperatorConfig(
    operator_id="mno",
    endpoints=(Endpoint(host="smsc", port=2775),),
    receipt_ttl_h=2,
    message_id=MessageIdConfig(submit_resp=IdRule.HEX),
)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SEQUENCE = 0x1234
REFERENCE = 0xABCD
LAYOUT = '["udh8",43981,"gsm7",0,[null,null],false,false]'


def reply(deliveries: int = 1, sequence: int = SEQUENCE) -> str:
    return f"$JS.ACK.SMS_DISPATCH.smpp-mno.{deliveries}.{sequence}.{deliveries}.1700000000000000000.0"


def item(deliveries: int = 1, **fields: Any) -> DispatchItem:
    dispatch = {"message_id": "m", "operator_id": "mno", "to": "41791234567", "from": "1234", "text": "hello", **fields}
    return DispatchItem(
        payload=json.dumps(dispatch).encode(),
        reply=reply(deliveries),
        deliveries=deliveries,
        traceparent=TRACEPARENT,
        published_at=1_700_000_000.0,
        pulled_at=50.0,
    )


def context(**fields: Any) -> MessageContext:
    whole = MessageContext(
        message_id="m",
        operator_id="mno",
        segment=1,
        segments=1,
        reply=reply(),
        request_dlr=True,
        receipt_ttl_s=7200,
        id_rule=IdRule.HEX,
        metadata={},
        traceparent=TRACEPARENT,
        possibly_sent_before=False,
    )
    return replace(whole, **fields)


def take(
    taken: DispatchItem, sent: SentSegments = NOTHING_SENT, intake: Intake | None = None
) -> tuple[list[Order], list[Concluded]]:
    intake = intake or Intake(OPERATOR)
    found = intake.prepare(taken, intake.read(taken), 0.0, sent)
    return intake.orders(found, REFERENCE) if isinstance(found, Taken) else ([], found)


def accepted(*segments: int, of: int, layout: str = LAYOUT) -> SentSegments:
    return SentSegments(frozenset(segments), frozenset(), of, layout)


def unanswered(*segments: int, of: int = 1, layout: str = "") -> SentSegments:
    return SentSegments(frozenset(), frozenset(segments), of, layout)


def content_of(order: Order) -> bytes:
    message = decode_short_message(pdu(CommandId.SUBMIT_SM, 0, 1, order.body))
    part = part_of(message)
    return part.content if part else message.short_message


def references(orders: list[Order]) -> list[int]:
    messages = [decode_short_message(pdu(CommandId.SUBMIT_SM, 0, 1, order.body)) for order in orders]
    return [part.reference for message in messages if (part := part_of(message))]


def test_a_short_dispatch_becomes_one_order():
    orders, concluded = take(item(priority=2, expires_at="2030-01-01T01:00:00+01:00", metadata={"k": "v"}))

    expected = context(metadata={"k": "v"})
    assert [
        Order(
            key=1,
            body=orders[0].body,
            context=expected,
            encoded_context=msgspec.msgpack.encode(expected),
            priority=2,
            expires_at=1_893_456_000.0,
            published_at=1_700_000_000.0,
            held_since=50.0,
        )
    ] == orders
    assert content_of(orders[0]) == b"hello"
    assert concluded == []


def test_a_dispatch_without_receipt_says_so_in_its_context():
    (order,), _ = take(item(request_dlr=False))

    assert order.context == context(request_dlr=False)


def test_a_long_dispatch_becomes_an_order_for_each_segment():
    orders, concluded = take(item(text="a" * 160 + "b"))

    long = {"segments": 2, "layout": LAYOUT}
    assert [order.context for order in orders] == [context(segment=1, **long), context(segment=2, **long)]
    assert references(orders) == [REFERENCE & 0xFF] * 2
    assert [content_of(order) for order in orders] == [b"a" * 153, b"a" * 7 + b"b"]
    assert concluded == []


def test_texts_that_were_altered_are_counted_once():
    intake = Intake(replace(OPERATOR, text=TextConfig(transliterate=True)))

    for taken in (item(text="“a”"), item(text="a"), item(deliveries=2, text="“a”")):
        take(taken, intake=intake)

    assert intake.transliterated == 1


def test_orders_are_numbered_through():
    intake = Intake(OPERATOR)

    orders = [order for _ in range(3) for order in take(item(text="a" * 161), intake=intake)[0]]

    assert [order.key for order in orders] == [1, 2, 3, 4, 5, 6]


def test_a_redelivery_skips_the_segments_that_were_accepted():
    orders, concluded = take(item(deliveries=2, text="a" * 320), accepted(1, 3, of=3))

    again = {"segments": 3, "reply": reply(2), "layout": LAYOUT}
    assert [order.context for order in orders] == [context(segment=2, **again)]
    assert concluded == [
        Concluded(Conclusion.ALREADY_ACCEPTED, context(segment=1, **again)),
        Concluded(Conclusion.ALREADY_ACCEPTED, context(segment=3, **again)),
    ]


def test_a_redelivery_that_was_accepted_whole_needs_no_order():
    orders, concluded = take(item(deliveries=2, text="a" * 161), accepted(1, 2, of=2))

    whole = {"segments": 2, "reply": reply(2)}
    assert orders == []
    assert concluded == [
        Concluded(Conclusion.ALREADY_ACCEPTED, context(segment=segment, **whole)) for segment in (1, 2)
    ]


@pytest.mark.parametrize("sent", [NOTHING_SENT, accepted(1, of=2), unanswered(1)])
def test_a_redelivery_that_lacks_an_answer_is_not_complete(sent: SentSegments):
    assert not sent.is_complete


def test_only_the_segments_of_a_redelivery_that_had_no_answer_are_marked_as_possibly_sent():
    orders, concluded = take(
        item(deliveries=2, text="a" * 320), SentSegments(frozenset({1}), frozenset({1, 2}), 3, LAYOUT)
    )

    again = {"segments": 3, "reply": reply(2), "layout": LAYOUT}
    marked = context(segment=2, possibly_sent_before=True, **again)
    assert [order.context for order in orders] == [marked, context(segment=3, **again)]
    assert decode_context(orders[0].encoded_context) == marked
    assert concluded == [Concluded(Conclusion.ALREADY_ACCEPTED, context(segment=1, **again))]


def test_a_redelivery_that_had_no_answer_is_reported_where_the_operator_wants_that():
    reporting = Intake(replace(OPERATOR, unknown_outcome=UnknownOutcome.REPORT))

    orders, concluded = take(item(deliveries=2), unanswered(1), reporting)

    assert (orders, concluded) == ([], [Concluded(Conclusion.REPORTED, context(reply=reply(2)))])


def test_what_was_delivered_too_often_without_being_sent_is_unprocessable():
    assert len(take(item(deliveries=MOST_DELIVERIES))[0]) == 1

    with pytest.raises(Unprocessable, match=f"given up after {MOST_DELIVERIES + 1} deliveries"):
        take(item(deliveries=MOST_DELIVERIES + 1))


def test_a_message_that_was_sent_in_part_ends_when_it_is_given_up():
    last = item(deliveries=MOST_DELIVERIES + 1, text="a" * 320)

    orders, concluded = take(last, SentSegments(frozenset({1}), frozenset({2}), 3))

    assert orders == []
    assert [(one.conclusion, one.context.segment) for one in concluded] == [
        (Conclusion.ALREADY_ACCEPTED, 1),
        (Conclusion.REPORTED, 2),
        (Conclusion.EXPIRED, 3),
    ]


def test_new_settings_hold_for_what_is_read_from_now_on():
    intake = Intake(OPERATOR)
    (before,), _ = take(item(), intake=intake)

    intake.configure(replace(OPERATOR, receipt_ttl_h=1, message_id=MessageIdConfig(submit_resp=IdRule.DEC)))
    (after,), _ = take(item(), intake=intake)

    assert [before.context, after.context] == [context(), context(receipt_ttl_s=3600, id_rule=IdRule.DEC)]


def test_a_new_rule_for_long_messages_holds_for_what_is_read_from_now_on():
    intake = Intake(OPERATOR)

    intake.configure(replace(OPERATOR, long_messages=LongMessages.PAYLOAD))
    orders, _ = take(item(text="a" * 161), intake=intake)

    assert [order.context for order in orders] == [context()]


def test_new_settings_number_the_orders_on():
    intake = Intake(OPERATOR)
    take(item(), intake=intake)

    intake.configure(OPERATOR)

    assert [order.key for order in take(item(), intake=intake)[0]] == [2]


@pytest.mark.parametrize(
    ("operator", "text"),
    [
        (OPERATOR, "a" * 161),
        (replace(OPERATOR, long_messages=LongMessages.UDH16), "ж" * 71),
        (replace(OPERATOR, long_messages=LongMessages.SAR), "a" * 161),
        (replace(OPERATOR, text=TextConfig(packed_gsm7=True)), "a" * 161),
        (replace(OPERATOR, text=TextConfig(shift_tables=(Language.TURKISH,))), "ş" * 160),
        (replace(OPERATOR, text=TextConfig(transliterate=True)), "“a”" * 100),
        (replace(OPERATOR, default_alphabet=DefaultAlphabet.LATIN1), "é" * 150),
    ],
)
@pytest.mark.parametrize("now", [OPERATOR, replace(OPERATOR, default_alphabet=DefaultAlphabet.ASCII)])
def test_what_has_begun_goes_on_as_it_began_on_any_replica_and_by_any_rules(
    operator: OperatorConfig, text: str, now: OperatorConfig
):
    before, _ = take(item(text=text), intake=Intake(operator))
    layout, segments = before[0].context.layout, len(before)
    again = Intake(now)
    taken = item(deliveries=2, text=text)

    prepared = again.prepare(taken, again.read(taken), 0.0, accepted(1, of=segments, layout=layout))
    after, _ = again.orders(prepared)

    assert not prepared.needs_reference
    assert [order.body for order in after] == [order.body for order in before[1:]]
    assert {order.context.layout for order in after} == {layout}


def test_binary_content_goes_on_as_it_began():
    fields = {"text": None, "encoding": "binary", "data": base64.b64encode(bytes(141)).decode()}
    before, _ = take(item(**fields))

    sent = accepted(1, of=2, layout=before[0].context.layout)
    after, _ = take(item(deliveries=2, **fields), sent, Intake(replace(OPERATOR, long_messages=LongMessages.SAR)))

    assert [order.body for order in after] == [before[1].body]


def test_the_layout_of_a_segment_without_an_answer_is_kept_too():
    sent = unanswered(1, of=2, layout='["udh8",7,"gsm7",0]')

    orders, _ = take(item(deliveries=2, text="a" * 161), sent)

    assert references(orders) == [7, 7]


def test_parts_from_before_layouts_were_recorded_are_joined_by_the_number_in_the_stream():
    orders, _ = take(item(deliveries=2, text="a" * 320), accepted(1, of=3, layout=""))

    assert references(orders) == [SEQUENCE & 0xFF] * 2


@pytest.mark.parametrize(
    ("segments", "layout"),
    [
        pytest.param(3, LAYOUT, id="another number of parts"),
        pytest.param(3, "", id="another number of parts, and no layout"),
        pytest.param(3, '["udh32",7,"gsm7",0]', id="a layout that another version wrote"),
    ],
)
def test_a_message_that_cannot_go_on_as_it_began_ends_and_is_not_mixed(segments: int, layout: str):
    sent = SentSegments(frozenset({1}), frozenset({2}), segments, layout)

    orders, concluded = take(item(deliveries=2, text="a" * 161), sent)

    whole = {"segments": 3, "reply": reply(2)}
    assert orders == []
    assert concluded == [
        Concluded(Conclusion.ALREADY_ACCEPTED, context(segment=1, **whole)),
        Concluded(Conclusion.REPORTED, context(segment=2, **whole)),
        Concluded(Conclusion.EXPIRED, context(segment=3, **whole)),
    ]


@pytest.mark.parametrize(("text", "needed"), [("a", False), ("a" * 161, True)])
def test_only_what_takes_several_segments_waits_for_a_reference(text: str, needed: bool):
    intake, taken = Intake(OPERATOR), item(text=text)

    assert intake.prepare(taken, intake.read(taken), 0.0).needs_reference is needed


def test_without_redis_the_reference_is_the_number_in_the_stream():
    intake, taken = Intake(OPERATOR), item(text="a" * 161)

    assert intake.prepare(taken, intake.read(taken), 0.0).own_reference == SEQUENCE


def test_a_text_that_was_altered_says_so_in_its_context():
    (order,), _ = take(item(text="“a”"), intake=Intake(replace(OPERATOR, text=TextConfig(transliterate=True))))

    assert order.context == context(transliterated=True)


def test_what_cannot_be_prepared_is_unprocessable_at_intake():
    with pytest.raises(Unprocessable, match="gsm7 lacks 1 of the characters"):
        take(item(text="ж", encoding="gsm7"))


def test_of_a_payload_that_was_cut_the_reason_says_how_large_it_was():
    cut = replace(item(), payload=b"{" * 1000, left_out=MAX_DISPATCH_BYTES)

    with pytest.raises(Unprocessable, match=r"^16778216 bytes are more than 16777216; payload cut to 1000$"):
        Intake(OPERATOR).read(cut)


def test_what_cannot_be_processed_is_concluded_as_dead_with_its_payload():
    dead = item(deliveries=3)

    assert Intake(OPERATOR).dead(dead, "not a JSON object") == Concluded(
        Conclusion.DEAD,
        context(message_id="", segment=0, segments=0, reply=reply(3), request_dlr=False, receipt_ttl_s=0),
        reason="not a JSON object",
        payload=dead.payload,
        deliveries=3,
    )


def test_the_mark_of_a_possible_repeat_travels_with_the_order():
    (order,), _ = take(item())

    mark_possibly_sent(order)

    marked = context(possibly_sent_before=True)
    assert (order.context, msgspec.msgpack.decode(order.encoded_context, type=MessageContext)) == (marked, marked)
