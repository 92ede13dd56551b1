"""What the CorrelationWriter stores of an order, and what is published of a dispatch that can't be processed."""

from typing import Any

import msgspec
import pytest

from core.storing import STATUS_OF, accepted_row, concluded_row, dead_event, decode_context
from messages.correlations import CorrelationRow
from messages.events import DeadDispatchEvent
from messages.events import DeliveryStatus as Status
from messages.lanes import Accepted, Concluded, Conclusion, MessageContext
from smpp.message_id import IdRule

SUBMITTED_AT = 1_700_000_000.0

CONTEXT = MessageContext(
    message_id="m",
    operator_id="mno",
    segment=2,
    segments=3,
    reply="$JS.ACK.SMS_DISPATCH.smpp-mno.2.4711.9.1700000000000000000.0",
    request_dlr=True,
    receipt_ttl_s=3600,
    id_rule=IdRule.HEX,
    metadata={"k": "v"},
    traceparent="trace",
    possibly_sent_before=True,
    transliterated=True,
    layout="layout",
)
ROW = CorrelationRow(
    message_id="m",
    operator_id="mno",
    segment=2,
    segments=3,
    status=Status.ACCEPTED,
    final=False,
    request_dlr=True,
    expires_at=SUBMITTED_AT + 3600,
    submitted_at=SUBMITTED_AT,
    smsc_message_id="0A1F",
    smsc_message_id_key="2591",
    metadata={"k": "v"},
    traceparent="trace",
    possibly_repeated=True,
    transliterated=True,
    layout="layout",
)


def row(**fields: Any) -> CorrelationRow:
    return msgspec.structs.replace(ROW, **fields)


def accepted(smsc_message_id: str, **context: Any) -> CorrelationRow:
    return accepted_row(Accepted(smsc_message_id, SUBMITTED_AT, b""), msgspec.structs.replace(CONTEXT, **context))


def test_an_accepted_segment_waits_for_its_receipt():
    assert accepted("0A1F") == ROW


def test_an_accepted_segment_without_receipt_is_final_at_once():
    assert accepted("0A1F", request_dlr=False) == row(final=True, request_dlr=False)


def test_a_segment_whose_submit_sm_is_traced_is_stored_with_its_traceparent():
    assert accepted_row(Accepted("0A1F", SUBMITTED_AT, b"", "submit_sm"), CONTEXT) == row(traceparent="submit_sm")


def test_an_answer_without_an_id_is_stored_without_one():
    assert accepted("") == row(smsc_message_id="", smsc_message_id_key="")


def test_an_endless_id_is_cut_off_as_that_of_its_receipt_is():
    assert accepted("x" * 300, id_rule=IdRule.STRING) == row(smsc_message_id="x" * 255, smsc_message_id_key="x" * 255)


@pytest.mark.parametrize(
    ("conclusion", "status"),
    [
        (Conclusion.REFUSED, Status.REJECTED),
        (Conclusion.EXPIRED, Status.EXPIRED),
        (Conclusion.REPORTED, Status.UNKNOWN),
    ],
)
def test_a_segment_that_ends_without_an_acceptance_is_stored_with_its_fate(conclusion: Conclusion, status: Status):
    assert concluded_row(Concluded(conclusion, CONTEXT), SUBMITTED_AT) == row(
        status=status, final=True, submitted_at=None, smsc_message_id="", smsc_message_id_key=""
    )


def test_only_conclusions_that_are_a_fate_have_a_status():
    assert set(Conclusion) - set(STATUS_OF) == {
        Conclusion.DEAD,
        Conclusion.ALREADY_ACCEPTED,
        Conclusion.REPEATED,
        Conclusion.GIVE_BACK,
    }


def test_a_dead_dispatch_is_published_as_it_came_under_an_id_that_stays_over_deliveries():
    dead = Concluded(Conclusion.DEAD, CONTEXT, reason="not a JSON object", payload=b"\xff", deliveries=2)

    assert dead_event(dead) == DeadDispatchEvent(
        event_id="mno.dead.4711", operator_id="mno", payload=b"\xff", reason="not a JSON object", deliveries=2
    )


def test_a_context_travels_through_the_session_unchanged():
    assert decode_context(msgspec.msgpack.encode(CONTEXT)) == CONTEXT
