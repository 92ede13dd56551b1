"""Messages from handsets: their parts put together, and the event of what came."""

from typing import Any

import msgspec
import pytest

from core.mobile_originated import COMPLETE_WITHIN_S, PartsJoiner, mo_event
from messages.events import MoInboundEvent
from messages.lanes import InboundPart
from smpp.shift_tables import Language, Shift
from smpp.text import Encoding

NOW = 1000.0
RECEIVED_AT = 1_700_000_000.0

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
)


def part(number: int, parts: int = 3, **fields: Any) -> InboundPart:
    return msgspec.structs.replace(
        PART, **{"key": number, "part": number, "parts": parts, "delivery_id": f"reader.{number}", **fields}
    )


def test_a_message_of_one_part_is_whole_at_once():
    joiner = PartsJoiner()

    assert (joiner.add(PART, NOW), len(joiner)) == ([PART], 0)


def test_a_message_is_whole_with_its_last_part_in_whatever_order_they_come():
    joiner = PartsJoiner()

    assert [joiner.add(part(number), NOW) for number in (3, 1, 2)] == [[], [], [part(1), part(2), part(3)]]
    assert len(joiner) == 0


def test_a_part_that_comes_twice_counts_once_and_is_answered_twice():
    joiner = PartsJoiner()
    again = part(1, 2, delivery_id="reader.9", content=b"other")

    assert [joiner.add(one, NOW) for one in (part(1, 2), again, part(2, 2))] == [
        [],
        [],
        [part(1, 2), again, part(2, 2)],
    ]


@pytest.mark.parametrize(
    "difference", [{"operator_id": "x"}, {"source": "x"}, {"to": "x"}, {"reference": 6}, {"parts": 4}]
)
def test_parts_of_different_messages_are_not_mixed(difference: dict[str, Any]):
    joiner = PartsJoiner()
    joiner.add(part(1, 2), NOW)

    assert joiner.add(part(2, **{"parts": 2, **difference}), NOW) == []
    assert len(joiner) == 2


def test_what_is_not_complete_in_time_is_given_out_as_it_came():
    joiner = PartsJoiner()
    joiner.add(part(3), NOW)
    joiner.add(part(1), NOW + 4)

    assert joiner.overdue(NOW + COMPLETE_WITHIN_S - 0.1) == []
    assert joiner.overdue(NOW + COMPLETE_WITHIN_S) == [[part(1), part(3)]]
    assert (joiner.overdue(NOW + 60), len(joiner)) == ([], 0)


def test_the_event_of_a_short_message():
    assert mo_event([PART]) == MoInboundEvent(
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

    assert mo_event([turkish]).text == "ağaç"


def test_the_event_of_a_long_message_has_the_whole_text_and_the_time_of_the_first_that_came():
    whole = "grüezi 😀".encode("utf-16-be")
    parts = [
        part(1, 2, encoding="ucs2", content=whole[:15], received_at=RECEIVED_AT + 1),
        part(2, 2, encoding="ucs2", content=whole[15:]),
    ]

    assert mo_event(parts) == MoInboundEvent(
        event_id="mno.mo.reader.1",
        operator_id="mno",
        source="4179",
        to="1234",
        encoding=Encoding.UCS2,
        segments=2,
        received_at="2023-11-14T22:13:20.000Z",
        text="grüezi 😀",
    )


def test_of_a_part_that_came_twice_the_first_counts():
    event = mo_event([part(1, 2, content=b"a"), part(1, 2, content=b"x"), part(2, 2, content=b"b")])

    assert (event.text, event.segments) == ("ab", 2)


def test_binary_content_is_data_and_no_text():
    event = mo_event([msgspec.structs.replace(PART, encoding="binary", content=b"\x00\xff")])

    assert (event.text, event.data) == (None, b"\x00\xff")
