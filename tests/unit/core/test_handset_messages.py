"""Messages from handsets: their parts put together, and the events of what came."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mobile_originated import Joined, join_parts, message_event, part_event
from messages.events import MoInboundEvent
from messages.lanes import InboundPart
from smpp.shift_tables import Language, Shift
from smpp.text import Encoding

RECEIVED_AT = 1_700_000_000.0
WITHIN_S = 60.0
UNTIL = RECEIVED_AT + WITHIN_S

PART = InboundPart(
    key=1,
    delivery_id="reader.1",
    operator_id="mno",
    source="4179",
    to="1234",
    content=b"hi",
    encoding="gsm7",
    reference=5,
    part=1,
    parts=1,
    received_at=RECEIVED_AT,
    join_until=UNTIL,
)


def part(number: int, parts: int = 3, **fields: Any) -> InboundPart:
    whole = {"key": number, "part": number, "parts": parts, "delivery_id": f"reader.{number}"}
    return msgspec.structs.replace(PART, **{**whole, "content": f"<{number}>".encode(), **fields})


def again(one: InboundPart, delivery_id: str, **fields: Any) -> InboundPart:
    return msgspec.structs.replace(one, delivery_id=delivery_id, **fields)


# Joining.


def test_nothing_joins_to_nothing():
    assert join_parts([], RECEIVED_AT) == Joined([], [], None)


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
def test_a_message_is_whole_when_no_part_is_missing_in_whatever_order_they_came(order: tuple[int, ...]):
    assert join_parts(map(part, order), RECEIVED_AT) == Joined([[part(1), part(2), part(3)]], [], None)


def test_parts_that_miss_others_wait_as_long_as_the_oldest_may():
    parts = [part(3), part(1, join_until=UNTIL + 5)]

    assert join_parts(parts, UNTIL - 12.5) == Joined([], [], 12.5)


@pytest.mark.parametrize("now", [UNTIL, UNTIL + 3600])
def test_parts_that_miss_others_when_the_time_of_the_oldest_is_over_are_late(now: float):
    parts = [part(3), part(1, join_until=UNTIL + 5)]

    assert join_parts(parts, now) == Joined([], parts, None)


def test_a_message_whose_last_part_comes_when_its_time_is_just_over_is_still_whole():
    assert join_parts([part(1, 2), part(2, 2)], UNTIL + 1) == Joined([[part(1, 2), part(2, 2)]], [], None)


def test_a_part_that_came_twice_counts_once():
    copy = again(part(1, 2), "reader.9")

    assert join_parts([part(1, 2), copy], RECEIVED_AT) == Joined([], [], WITHIN_S)
    assert join_parts([part(1, 2), copy, part(2, 2)], RECEIVED_AT) == Joined([[part(1, 2), copy, part(2, 2)]], [], None)


def test_of_two_messages_with_one_reference_each_gets_parts_in_the_order_of_their_coming():
    first = [part(1, 2), part(2, 2)]
    second = [again(one, f"second.{one.part}", content=one.content.upper() + b"!") for one in first]

    assert join_parts([first[0], second[0], first[1]], RECEIVED_AT) == Joined([first], [], WITHIN_S)
    assert join_parts([first[0], second[0], first[1], second[1]], RECEIVED_AT) == Joined([first, second], [], None)


@given(st.data())
def test_every_part_has_one_fate(data: st.DataObject):
    size = data.draw(st.integers(1, 4))
    spec = st.tuples(st.integers(1, size), st.sampled_from([b"a", b"b"]), st.floats(0, 100))
    drawn = data.draw(st.lists(spec, max_size=12))
    parts = [
        part(number, size, delivery_id=f"reader.{index}", content=content, join_until=RECEIVED_AT + until_s)
        for index, (number, content, until_s) in enumerate(drawn)
    ]

    joined = join_parts(parts, RECEIVED_AT + 50)

    told = [one.delivery_id for message in (*joined.whole, joined.late) for one in message]
    assert len(told) == len(set(told))
    assert set(told) <= {one.delivery_id for one in parts}
    assert (joined.wait_s is not None) == (len(told) < len(parts))
    assert all({one.part for one in message} == set(range(1, size + 1)) for message in joined.whole)
    assert joined.wait_s is None or 0 < joined.wait_s <= 50


# Events.


def test_the_event_of_a_short_message():
    assert message_event([PART]) == MoInboundEvent(
        event_id="mno.mo.reader.1",
        operator_id="mno",
        source="4179",
        to="1234",
        encoding=Encoding.GSM7,
        segments=1,
        received_at="2023-11-14T22:13:20.000Z",
        text="hi",
    )


def test_a_text_is_read_with_its_national_tables():
    turkish = part(1, 1, content=b"a\x0ca`", shift=Shift(locking=Language.TURKISH))

    assert message_event([turkish]).text == "ağaç"


def test_the_event_of_a_long_message_has_the_whole_text_and_the_time_of_the_first_that_came():
    whole = "grüezi 😀".encode("utf-16-be")
    parts = [
        part(1, 2, encoding="ucs2", content=whole[:15], received_at=RECEIVED_AT + 1),
        part(2, 2, encoding="ucs2", content=whole[15:]),
    ]

    assert message_event(parts) == MoInboundEvent(
        event_id="mno.mo.reader.1",
        operator_id="mno",
        source="4179",
        to="1234",
        encoding=Encoding.UCS2,
        segments=2,
        received_at="2023-11-14T22:13:20.000Z",
        text="grüezi 😀",
    )


def test_each_part_is_read_with_the_tables_that_its_own_header_names():
    parts = [part(1, 2, content=b"a\x0c "), part(2, 2, content=b"a\x0ca`", shift=Shift(locking=Language.TURKISH))]

    assert message_event(parts).text == "aø ağaç"


def test_parts_in_several_alphabets_are_one_text():
    parts = [
        part(1, 3, content=b"cost: 5 \x1b"),
        part(2, 3, content=b"e "),
        part(3, 3, encoding="ucs2", content="😀".encode("utf-16-be")),
    ]

    event = message_event(parts)
    assert (event.encoding, event.text, event.data) == (Encoding.UCS2, "cost: 5 € 😀", None)


def test_parts_of_which_one_is_binary_are_data():
    event = message_event([part(1, 2), part(2, 2, encoding="binary", content=b"\xff")])

    assert (event.encoding, event.text, event.data) == (Encoding.BINARY, None, b"<1>\xff")


def test_a_copy_adds_nothing_to_the_text():
    event = message_event([part(1, 2), again(part(1, 2), "reader.9"), part(2, 2)])

    assert (event.text, event.segments, event.event_id) == ("<1><2>", 2, "mno.mo.reader.1")


def test_the_event_of_a_part_alone_says_which_one_of_how_many_it_is():
    assert part_event(part(2, 3)) == MoInboundEvent(
        event_id="mno.mo.reader.2",
        operator_id="mno",
        source="4179",
        to="1234",
        encoding=Encoding.GSM7,
        segments=3,
        received_at="2023-11-14T22:13:20.000Z",
        text="<2>",
        segment=2,
        reference=5,
    )


def test_only_a_part_alone_shows_a_segment_and_a_reference():
    names = [set(msgspec.to_builtins(event)) for event in (message_event([PART]), part_event(part(2, 3)))]

    assert names[1] - names[0] == {"segment", "reference"}


def test_binary_content_is_data_and_no_text_and_tells_its_data_coding():
    event = message_event([msgspec.structs.replace(PART, encoding="binary", content=b"\x00\xff", data_coding=0xF5)])

    assert (event.text, event.data, event.data_coding) == (None, b"\x00\xff", 0xF5)


def test_a_text_tells_no_data_coding():
    assert message_event([msgspec.structs.replace(PART, data_coding=0xF1)]).data_coding is None


def test_what_else_a_header_says_is_told_by_the_first_part_that_has_it():
    parts = [part(1, 3), part(2, 3, udh="050423f40000"), part(3, 3, udh="700100")]

    assert message_event(parts).udh == "050423f40000"
    assert part_event(parts[2]).udh == "700100"
    assert message_event([PART]).udh is None
