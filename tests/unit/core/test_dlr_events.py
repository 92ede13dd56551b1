"""sms.dlr.inbound events from what the database knows of a segment and its message."""

import re
from typing import Any

import msgspec
import pytest

from core.dlr import conclusion_event, receipt_event, tells_news, unmatched_event
from messages.correlations import ReceiptRow, SegmentState, StoredSegment
from messages.events import DeliveryStatus as Status
from messages.events import DlrInboundEvent, DlrSource

NOW = 1_700_000_060.5

STORED = StoredSegment(
    message_id="m",
    operator_id="mno",
    segment=1,
    segments=1,
    smsc_message_id="0A",
    status=Status.DELIVERED,
    final=True,
    settled=False,
    concludes=True,
    request_dlr=True,
    submitted_at=1_700_000_000.0,
    metadata={"k": "v"},
    traceparent="",
    states=(SegmentState(1, Status.DELIVERED, True),),
)
RECEIPT = ReceiptRow(
    operator_id="mno",
    smsc_message_id="0A",
    smsc_message_id_key="10",
    status=Status.DELIVERED,
    final=True,
    stat="DELIVRD",
    error_code="000",
    done_at="2023-11-14T22:14:00.000Z",
    received_at=NOW,
)
EVENT = DlrInboundEvent(
    event_id="mno.m.final",
    message_id="m",
    operator_id="mno",
    smsc_message_id="0A",
    status=Status.DELIVERED,
    stat="DELIVRD",
    error_code="000",
    segment=1,
    segments=1,
    final=True,
    message_status=Status.DELIVERED,
    submitted_at="2023-11-14T22:13:20.000Z",
    done_at="2023-11-14T22:14:00.000Z",
    received_at="2023-11-14T22:14:20.500Z",
    source=DlrSource.DELIVER_SM,
    metadata={"k": "v"},
)


def stored(**fields: Any) -> StoredSegment:
    return msgspec.structs.replace(STORED, **fields)


def receipt(**fields: Any) -> ReceiptRow:
    return msgspec.structs.replace(RECEIPT, **fields)


def event(**fields: Any) -> DlrInboundEvent:
    return msgspec.structs.replace(EVENT, **fields)


def two_segments(first: Status, second: Status | None, *, segment: int, concludes: bool = False) -> StoredSegment:
    """Segment 1 or 2 of a message; `second` is None while it has no row."""
    states = [SegmentState(1, first, final=True)]
    if second is not None:
        states.append(SegmentState(2, second, final=True))
    status = first if segment == 1 else second
    return stored(segment=segment, segments=2, status=status, concludes=concludes, states=tuple(states))


def test_the_receipt_of_a_short_message_is_its_final_event():
    assert receipt_event(STORED, RECEIPT) == EVENT


def test_an_event_says_that_its_segment_may_have_gone_out_twice():
    assert receipt_event(stored(possibly_repeated=True), RECEIPT) == event(possibly_repeated=True)


def test_an_event_says_that_its_text_was_altered():
    assert receipt_event(stored(transliterated=True), RECEIPT) == event(transliterated=True)


@pytest.mark.parametrize(("concludes", "possibly_repeated"), [(True, True), (False, False)])
def test_the_final_event_says_it_of_any_segment_of_its_message(concludes: bool, possibly_repeated: bool):
    states = (SegmentState(1, Status.DELIVERED, True, possibly_repeated=True), SegmentState(2, Status.DELIVERED, True))
    second = stored(segment=2, segments=2, concludes=concludes, states=states)

    assert receipt_event(second, RECEIPT).possibly_repeated == possibly_repeated


def test_what_the_smsc_does_not_say_is_null_or_empty():
    assert receipt_event(STORED, receipt(stat="", error_code="", done_at="")) == event(
        stat="", error_code="", done_at=None
    )


def test_a_status_on_the_way_is_an_event_that_is_not_final():
    on_the_way = stored(status=Status.ENROUTE, final=False, concludes=False)

    assert receipt_event(on_the_way, receipt(status=Status.ENROUTE, stat="ENROUTE")) == event(
        event_id="mno.m.1.ENROUTE",
        status=Status.ENROUTE,
        message_status=Status.ENROUTE,
        stat="ENROUTE",
        final=False,
    )


@pytest.mark.parametrize(
    ("segment", "event_id", "final", "message_status"),
    [
        (two_segments(Status.DELIVERED, None, segment=1), "mno.m.1.DELIVERED", False, Status.ENROUTE),
        (two_segments(Status.DELIVERED, Status.ACCEPTED, segment=1), "mno.m.1.DELIVERED", False, Status.ACCEPTED),
        (
            two_segments(Status.DELIVERED, Status.DELIVERED, segment=2, concludes=True),
            "mno.m.final",
            True,
            Status.DELIVERED,
        ),
        (
            two_segments(Status.EXPIRED, Status.DELIVERED, segment=2, concludes=True),
            "mno.m.final",
            True,
            Status.EXPIRED,
        ),
        (two_segments(Status.DELIVERED, Status.REJECTED, segment=1), "mno.m.1.DELIVERED", False, Status.REJECTED),
    ],
    ids=[
        "second not stored",
        "second on its way",
        "both delivered",
        "first expired",
        "a segment that did not conclude",
    ],
)
def test_of_a_long_message_the_concluding_segment_has_the_final_event(
    segment: StoredSegment, event_id: str, final: bool, message_status: Status
):
    assert receipt_event(segment, RECEIPT) == event(
        event_id=event_id,
        segment=segment.segment,
        segments=2,
        status=segment.status,
        final=final,
        message_status=message_status,
    )


def test_the_same_fact_has_the_same_event_id_whenever_it_is_told():
    by_receipt = receipt_event(STORED, RECEIPT)
    again = receipt_event(STORED, receipt(received_at=NOW + 60))
    by_expiry = conclusion_event(STORED, DlrSource.EXPIRY, NOW + 3600)

    assert {by_receipt.event_id, again.event_id, by_expiry.event_id} == {"mno.m.final"}


@pytest.mark.parametrize(
    ("command_status", "stat", "error_code"),
    [(0x0B, "0x0000000b", "ESME_RINVDSTADR"), (0x45B, "0x0000045b", "0x0000045b")],
)
def test_a_refusal_has_code_and_name_of_the_answer_and_was_never_submitted(
    command_status: int, stat: str, error_code: str
):
    refused = stored(status=Status.REJECTED, smsc_message_id="", submitted_at=None)

    assert conclusion_event(refused, DlrSource.SUBMIT_SM_RESP, NOW, command_status) == event(
        status=Status.REJECTED,
        message_status=Status.REJECTED,
        smsc_message_id="",
        stat=stat,
        error_code=error_code,
        submitted_at=None,
        done_at=None,
        source=DlrSource.SUBMIT_SM_RESP,
    )


def test_an_acceptance_without_receipt_is_final_by_the_answer():
    accepted = stored(status=Status.ACCEPTED, request_dlr=False)

    assert conclusion_event(accepted, DlrSource.SUBMIT_SM_RESP, NOW) == event(
        status=Status.ACCEPTED,
        message_status=Status.ACCEPTED,
        stat="",
        error_code="",
        done_at=None,
        source=DlrSource.SUBMIT_SM_RESP,
    )


def test_a_receipt_that_never_came_is_unknown_by_expiry():
    expired = stored(status=Status.UNKNOWN)

    assert conclusion_event(expired, DlrSource.EXPIRY, NOW) == event(
        status=Status.UNKNOWN,
        message_status=Status.UNKNOWN,
        stat="",
        error_code="",
        done_at=None,
        source=DlrSource.EXPIRY,
    )


def test_a_receipt_that_nobody_is_waiting_for_ends_no_message():
    assert unmatched_event(receipt(done_at="")) == event(
        event_id="mno.unmatched.0A.DELIVERED.2023-11-14T22:14:20.500Z",
        message_id="",
        final=False,
        submitted_at=None,
        done_at=None,
        metadata={},
    )


def test_a_receipt_that_names_no_message_is_told_with_its_text_under_an_id_of_its_own():
    nameless = [
        unmatched_event(receipt(smsc_message_id="", smsc_message_id_key="", status=Status.UNKNOWN, stat="", raw=raw))
        for raw in ("00,0210021543", "01,0210021543")
    ]

    assert nameless[0] == event(
        event_id=nameless[0].event_id,
        message_id="",
        smsc_message_id="",
        status=Status.UNKNOWN,
        message_status=Status.UNKNOWN,
        stat="",
        final=False,
        submitted_at=None,
        metadata={},
        raw="00,0210021543",
    )
    assert re.fullmatch(r"mno\.unmatched\.raw-[0-9a-f]{16}\.UNKNOWN\.2023-11-14T22:14:20\.500Z", nameless[0].event_id)
    assert nameless[0].event_id != nameless[1].event_id


def test_only_a_receipt_that_names_no_message_shows_its_text():
    names = set(msgspec.to_builtins(unmatched_event(receipt(raw="never used"))))

    assert "raw" not in names


def test_an_event_id_can_be_a_header_whatever_octets_the_smsc_puts_into_its_ids():
    event_id = unmatched_event(receipt(smsc_message_id="a\r\nNats-Rollup: all\0é .*")).event_id

    assert event_id == ("mno.unmatched.a%0D%0ANats-Rollup%3A%20all%00%C3%A9%20.%2A.DELIVERED.2023-11-14T22:14:20.500Z")


@pytest.mark.parametrize(
    ("changed", "final", "settled", "is_news"),
    [
        (True, False, False, True),
        (True, True, False, True),
        (False, False, False, False),
        (False, True, True, False),
        (False, True, False, True),
    ],
    ids=["moved", "ended", "repeated", "repeated after the event", "repeated before the event was sure"],
)
def test_a_receipt_is_news_if_it_moves_its_segment_or_the_event_may_be_lost(
    changed: bool, final: bool, settled: bool, is_news: bool
):
    assert tells_news(stored(final=final, settled=settled), changed=changed) is is_news
