"""What crosses a process or network boundary: its form on the wire, and what its repr does not show."""

import inspect
import json
import pickle
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, get_args

import msgspec
import pytest
from msgspec import Struct

from config.operators import Credentials, EndpointRole
from messages import control, correlations, dispatch, events, lanes
from messages.correlations import ReceiptRow, SegmentKey, SegmentState, StoredSegment, UnansweredSegment
from messages.dispatch import Dispatch, RequestedEncoding
from messages.events import (
    DeadDispatchEvent,
    DeliveryStatus,
    DlrInboundEvent,
    DlrSource,
    HealthState,
    MoInboundEvent,
    OperatorHealthEvent,
)
from messages.lanes import (
    Accepted,
    AcceptedBatch,
    AcceptedQuery,
    AcceptedSegments,
    ActorState,
    ChildStatus,
    Concluded,
    ConcludedBatch,
    Conclusion,
    Confirmed,
    Demand,
    DispatchBatch,
    DispatchItem,
    GivenBack,
    HealthTransition,
    InboundBatch,
    InboundPart,
    InboundReceipt,
    InboundSettled,
    LaneFrame,
    MessageContext,
    RedisNews,
    Refusal,
    Return,
    SentSegment,
    StatusReply,
    StatusRequest,
    StillHeld,
    SubmitBatch,
    SubmitOrder,
    SubmitReport,
    UnansweredBatch,
    Unsubmitted,
)
from smpp.message_id import IdRule
from smpp.text import Encoding

MARK = "marked value"
MARK_BYTES = MARK.encode()
AT = "2023-11-14T22:13:20.000Z"

DLR = DlrInboundEvent(
    event_id="mno.m.final",
    message_id="m",
    operator_id="mno",
    smsc_message_id="0A",
    status=DeliveryStatus.DELIVERED,
    stat="DELIVRD",
    error_code="000",
    segment=1,
    segments=2,
    final=True,
    message_status=DeliveryStatus.EXPIRED,
    submitted_at=AT,
    done_at=None,
    received_at=AT,
    source=DlrSource.DELIVER_SM,
    metadata={"k": "v"},
)
HEALTH = OperatorHealthEvent(
    event_id="mno.replica.BOUND",
    operator_id="mno",
    state=HealthState.BOUND,
    previous_state=None,
    endpoint=EndpointRole.PRIMARY,
    reason="bound",
    sessions_bound=1,
    sessions_configured=2,
    connector_id="replica",
    at=AT,
)
MO = MoInboundEvent(
    event_id="mno.mo.1",
    operator_id="mno",
    source=MARK,
    to=MARK,
    encoding=Encoding.GSM7,
    segments=1,
    received_at=AT,
    text=MARK,
)
DEAD = DeadDispatchEvent(
    event_id="mno.dead.1", operator_id="mno", payload=MARK_BYTES, reason="not a JSON object", deliveries=1
)
CONTEXT = MessageContext("m", "mno", 1, 1, "reply", True, 60.0, IdRule.STRING, {"k": "v"}, "trace", False)
ITEM = DispatchItem(
    payload=MARK_BYTES, reply="reply", deliveries=1, traceparent="trace", published_at=1.0, pulled_at=2.0
)
ORDER = SubmitOrder(key=1, body=MARK_BYTES, context=b"context", published_at=0.0)
CONCLUDED = Concluded(Conclusion.DEAD, CONTEXT, reason="not a JSON object", payload=MARK_BYTES)
PART = InboundPart(
    key=1,
    delivery_id="reader.1",
    operator_id="mno",
    source=MARK,
    to=MARK,
    content=MARK_BYTES,
    encoding="gsm7",
    reference=0,
    part=1,
    parts=1,
    received_at=1.0,
    join_until=61.0,
)
RECEIPT = InboundReceipt(
    1,
    ReceiptRow(
        operator_id="mno",
        smsc_message_id="0A",
        smsc_message_id_key="10",
        status=DeliveryStatus.DELIVERED,
        final=True,
        stat="DELIVRD",
        error_code="000",
        done_at="",
        received_at=1.0,
        raw=MARK,
    ),
)
DISPATCH = Dispatch(
    message_id="m",
    operator_id="mno",
    to=MARK,
    source=MARK,
    text=MARK,
    data=MARK_BYTES,
    tlvs={"0x1400": MARK},
    metadata={"k": MARK},
)

FRAMES: list[Any] = [
    DispatchBatch([ITEM]),
    Demand(5, reset=True),
    GivenBack(["reply", "another reply"]),
    StillHeld(["reply", "another reply"]),
    SubmitBatch([ORDER], 1000.5),
    RedisNews(answers=True),
    SubmitReport([1], [Refusal(2, 88)], [Return(3, Unsubmitted.UNKNOWN)]),
    AcceptedBatch([Accepted("0A", 1.0, b"context")]),
    ConcludedBatch([CONCLUDED]),
    AcceptedQuery(1, "mno", ["m"]),
    AcceptedQuery(1, "mno", ["m", "n"], [0, 4711]),
    UnansweredBatch([UnansweredSegment("m", "mno", 1, 2, "layout")]),
    AcceptedSegments(1, [SentSegment("m", 1, 2)], [SentSegment("m", 2, 2, "layout")]),
    AcceptedSegments(1, [], [], ["n"]),
    InboundBatch([RECEIPT, PART]),
    InboundSettled([1], [2]),
    HealthTransition(HEALTH),
    Confirmed([1, 2]),
    StatusRequest(),
    StatusReply(
        "SessionActor",
        "mno-1",
        7,
        ActorState.RUNNING,
        AT,
        0,
        [ChildStatus("SessionActor", "mno-1", 1, ActorState.NO_ANSWER, AT, 0)],
        {
            "bound": True,
            "window": 10,
            "last_error": "",
            "tps_used": 1.5,
            "nothing": None,
            "rates": [0.5, 1],
            "events": [{"times": 2}],
        },
    ),
]


def json_of(event: Struct) -> Any:
    return json.loads(msgspec.json.encode(event))


def structs_of(*modules: ModuleType) -> list[type[Struct]]:
    """Those that the modules define."""
    found = [member for module in modules for _, member in inspect.getmembers(module, inspect.isclass)]
    names = {module.__name__ for module in modules}
    return [one for one in found if issubclass(one, Struct) and one.__module__ in names]


# Events on the wire (docs/contracts.md).


def test_the_dlr_event_has_the_keys_of_the_contract_and_nulls_where_nothing_is_known():
    assert json_of(DLR) == {
        "event_id": "mno.m.final",
        "message_id": "m",
        "operator_id": "mno",
        "smsc_message_id": "0A",
        "status": "DELIVERED",
        "stat": "DELIVRD",
        "error_code": "000",
        "segment": 1,
        "segments": 2,
        "final": True,
        "message_status": "EXPIRED",
        "submitted_at": AT,
        "done_at": None,
        "received_at": AT,
        "source": "deliver_sm",
        "metadata": {"k": "v"},
        "possibly_repeated": False,
        "transliterated": False,
    }


def test_the_health_event_has_the_keys_of_the_contract():
    assert json_of(HEALTH) == {
        "event_id": "mno.replica.BOUND",
        "operator_id": "mno",
        "state": "BOUND",
        "previous_state": None,
        "endpoint": "primary",
        "reason": "bound",
        "sessions_bound": 1,
        "sessions_configured": 2,
        "connector_id": "replica",
        "at": AT,
    }


def test_the_event_of_a_text_from_a_handset_names_its_sender_from_and_has_no_data():
    assert json_of(msgspec.structs.replace(MO, source="4179", to="1234", text="")) == {
        "event_id": "mno.mo.1",
        "operator_id": "mno",
        "from": "4179",
        "to": "1234",
        "encoding": "gsm7",
        "segments": 1,
        "received_at": AT,
        "text": "",
    }


def test_the_event_of_data_from_a_handset_has_base64_and_no_text():
    written = json_of(msgspec.structs.replace(MO, encoding="binary", text=None, data=b"\x00\xff"))

    assert (written["data"], "text" in written) == ("AP8=", False)


def test_the_event_of_a_dead_dispatch_has_its_payload_in_base64():
    assert json_of(msgspec.structs.replace(DEAD, payload=b"\xff")) == {
        "event_id": "mno.dead.1",
        "operator_id": "mno",
        "payload": "/w==",
        "reason": "not a JSON object",
        "deliveries": 1,
    }


@pytest.mark.parametrize(
    ("enumeration", "values"),
    [
        (
            DeliveryStatus,
            "ENROUTE DELIVERED EXPIRED DELETED UNDELIVERABLE ACCEPTED UNKNOWN REJECTED SKIPPED",
        ),
        (DlrSource, "deliver_sm submit_sm_resp expiry"),
        (HealthState, "BOUND UNBOUND FAILBACK"),
        (RequestedEncoding, "auto gsm7 ucs2 latin1 binary"),
    ],
)
def test_enumerations_have_the_values_of_the_contract(enumeration: Any, values: str):
    assert [member.value for member in enumeration] == values.split()


def test_subjects_are_those_of_the_contract():
    assert (events.DLR_INBOUND, events.MO_INBOUND, events.DEAD_DISPATCH, events.OPERATOR_HEALTH) == (
        "sms.dlr.inbound",
        "sms.mo.inbound",
        "sms.dead.dispatch",
        "operator.health",
    )


# The dispatch.


def test_a_dispatch_is_read_with_the_defaults_of_the_contract():
    payload = b'{"message_id": "m", "operator_id": "mno", "to": "41791234567", "from": "1234", "text": "hi"}'

    assert msgspec.json.decode(payload, type=Dispatch) == Dispatch(
        message_id="m",
        operator_id="mno",
        to="41791234567",
        source="1234",
        text="hi",
        encoding=RequestedEncoding.AUTO,
        data=None,
        priority=0,
        validity_s=None,
        expires_at=None,
        request_dlr=True,
        flash=False,
        protocol_id=0,
        tlvs={},
        metadata={},
    )


def test_every_field_of_a_dispatch_is_read():
    whole = {
        "message_id": "m",
        "operator_id": "mno",
        "to": "+41791234567",
        "from": "Acme",
        "text": "",
        "encoding": "binary",
        "data": "AP8=",
        "priority": 3,
        "validity_s": 60,
        "expires_at": "2030-01-01T00:00:00.500Z",
        "request_dlr": False,
        "flash": True,
        "protocol_id": 64,
        "tlvs": {"0x1400": "00"},
        "metadata": {"k": "v"},
        "unknown": [1],
    }

    assert msgspec.json.decode(json.dumps(whole), type=Dispatch) == Dispatch(
        message_id="m",
        operator_id="mno",
        to="+41791234567",
        source="Acme",
        text="",
        encoding=RequestedEncoding.BINARY,
        data=b"\x00\xff",
        priority=3,
        validity_s=60,
        expires_at=datetime(2030, 1, 1, 0, 0, 0, 500_000, UTC),
        request_dlr=False,
        flash=True,
        protocol_id=64,
        tlvs={"0x1400": "00"},
        metadata={"k": "v"},
    )


# Lanes and mailboxes.


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_a_frame_comes_out_of_a_lane_as_it_went_in(frame: Any):
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(frame), type=LaneFrame) == frame


def test_every_kind_of_frame_was_tried():
    assert {type(frame) for frame in FRAMES} == set(get_args(LaneFrame))


@pytest.mark.parametrize("kind", structs_of(control))
def test_a_control_message_comes_out_of_a_mailbox_as_it_went_in(kind: type[Struct]):
    message = kind(*range(len(kind.__struct_fields__)))

    assert pickle.loads(pickle.dumps(message)) == message


def test_a_stored_segment_names_its_key():
    segment = StoredSegment(
        message_id="m",
        operator_id="mno",
        segment=2,
        segments=3,
        smsc_message_id="0A",
        status=DeliveryStatus.DELIVERED,
        final=True,
        settled=True,
        concludes=False,
        request_dlr=True,
        submitted_at=None,
        metadata={},
        traceparent="",
        states=(SegmentState(2, DeliveryStatus.DELIVERED, True),),
    )

    assert segment.key == SegmentKey(message_id="m", operator_id="mno", segment=2)


# What is not shown.

UNMATCHED = msgspec.structs.replace(DLR, raw=MARK)
CARRIERS: list[Struct] = [MO, UNMATCHED, DEAD, ITEM, ORDER, CONCLUDED, PART, RECEIPT.receipt, DISPATCH]
SENSITIVE = {"to", "source", "text", "data", "content", "body", "payload", "password", "raw"}


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (DISPATCH, "Dispatch(message_id='m', operator_id='mno')"),
        (MO, "MoInboundEvent(event_id='mno.mo.1', operator_id='mno')"),
        (UNMATCHED, "DlrInboundEvent(event_id='mno.m.final', message_id='m')"),
        (RECEIPT.receipt, "ReceiptRow(smsc_message_id='0A', status=DELIVERED)"),
        (DEAD, "DeadDispatchEvent(event_id='mno.dead.1', reason='not a JSON object')"),
        (ITEM, "DispatchItem(reply='reply', deliveries=1)"),
        (ORDER, "SubmitOrder(key=1)"),
        (CONCLUDED, "Concluded(dead, message_id='m')"),
        (PART, "InboundPart(key=1, part=1, parts=1)"),
        (Credentials(MARK, MARK, version=3, tls_cert_pem=MARK, tls_key_pem=MARK), "Credentials(version=3)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_message_shows_who_it_is_and_nothing_of_its_content(message: Struct, shown: str):
    assert repr(message) == shown


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_a_frame_shows_no_address_and_no_content(frame: Any):
    assert MARK not in repr(frame)


def test_every_struct_with_a_sensitive_field_is_among_those_tried():
    carriers = {
        one
        for one in structs_of(control, correlations, dispatch, events, lanes)
        if SENSITIVE & set(one.__struct_fields__)
    }

    assert carriers == {type(message) for message in CARRIERS}


def test_the_source_of_a_dlr_event_is_no_address():
    types = {field.name: field.type for field in msgspec.structs.fields(DlrInboundEvent)}
    assert types["source"] is DlrSource


def test_every_message_is_immutable():
    structs = structs_of(control, correlations, dispatch, events, lanes)

    assert [one.__name__ for one in structs if not one.__struct_config__.frozen] == []
