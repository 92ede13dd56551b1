"""The main job on real servers: dispatch, submit_sm, receipt, event. One service, simulated operators of many kinds."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import psycopg
import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from platform_side import DEAD, HEALTH, MO, USUAL_TEXT, Event, Platform, a_message
from simulated_operator import PASSWORD, SimulatedOperator
from waiting import wait_until

from sandbox.stack import Stack
from smpp.constants import Tag
from smpp.hot import ShortMessage

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TIME = "a time"
TIMES = ("submitted_at", "done_at", "received_at", "at")

REFUSED_NUMBER = "+4999000"
TURKISH_HEADER = bytes.fromhex("03250101")  # a locking shift
PAST, FUTURE = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00+02:00"

OPERATORS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {"prefix_statuses": f"{REFUSED_NUMBER[1:]}=ESME_RINVDSTADR"}),
    "udh16": ({"long_messages": "udh16"}, {}),
    "sar": ({"long_messages": "sar"}, {}),
    "payload": ({"long_messages": "payload"}, {}),
    "turkish": ({"text": {"shift_tables": ["turkish"]}}, {}),
    "packed": ({"text": {"packed_gsm7": True}}, {}),
    "transliterating": ({"text": {"transliterate": True}}, {}),
    "pair": ({}, {"refused_modes": "transceiver"}),
    "two-modes": ({"bind": {"mode": "transmitter_receiver"}}, {}),
    "hexdec": ({"message_id": {"submit_resp": "hex", "receipt": "dec"}}, {"id_notation": "hex", "id_start": 48879}),
    "dechex": (
        {"message_id": {"submit_resp": "dec", "receipt": "hex"}},
        {"receipt_id_notation": "hex", "id_start": 51966},
    ),
    "opaque": ({}, {"id_digits": 22, "id_prefix": "0x"}),
    "early": ({}, {"receipts": "before-response", "answer_delay_s": 0.02}),
    "twice": ({}, {"receipt_copies": 2}),
    "steps": ({}, {"intermediate": "receipt", "receipt_delay_s": 0.2}),
    "backwards": ({}, {"intermediate": "receipt", "receipt_order": "reversed"}),
    "failing": ({}, {"final_stats": "UNDELIV=100", "receipt_error": "042"}),
    "text-only": ({}, {"receipt_form": "text"}),
    "tlv-only": ({}, {"receipt_form": "tlv"}),
}
"""OperatorConfig and character of each, where they differ from the usual."""

_numbers = count(10)

Operators = dict[str, SimulatedOperator]


@pytest.fixture(scope="module")
def operators(loop: BackgroundLoop) -> Iterator[Operators]:
    with ExitStack() as running:
        yield {
            operator_id: running.enter_context(SimulatedOperator(loop, operator_id, config, **traits))
            for operator_id, (config, traits) in OPERATORS.items()
        }


@pytest.fixture
def number() -> str:
    """A destination that no other test uses."""
    return f"+491510000{next(_numbers)}"


def timeless(event: Event) -> Event:
    """The event with TIME in place of its times, which must be times."""
    times = {name: TIME for name in TIMES if event.get(name) is not None}
    assert all(RFC3339.fullmatch(event[name]) for name in times)
    return event | times


def delivered(operator_id: str, message_id: str, smsc_message_id: str, **changes: Any) -> Event:
    """The one event of a message that the SMSC has delivered."""
    event = {
        "event_id": f"{operator_id}.{message_id}.final",
        "message_id": message_id,
        "operator_id": operator_id,
        "smsc_message_id": smsc_message_id,
        "status": "DELIVERED",
        "stat": "DELIVRD",
        "error_code": "000",
        "segment": 1,
        "segments": 1,
        "final": True,
        "message_status": "DELIVERED",
        "submitted_at": TIME,
        "done_at": TIME,
        "received_at": TIME,
        "source": "deliver_sm",
        "metadata": {},
        "possibly_repeated": False,
        "transliterated": False,
    }
    return event | changes


def submit(number: str, **changes: Any) -> ShortMessage:
    """The submit_sm of a usual message."""
    fields = {
        "source_addr_ton": 5,
        "source_addr_npi": 0,
        "source_addr": "Bank",
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "destination_addr": number.lstrip("+"),
        "registered_delivery": 1,
        "short_message": USUAL_TEXT.encode(),
    }
    return ShortMessage(**fields | changes)


def events_of(platform: Platform, message_id: str) -> list[Event]:
    """All its events, once the final one is there."""
    platform.final_event(message_id)
    return [timeless(event) for event in platform.events_of(message_id)]


# Content.


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        pytest.param({"text": "Grüße €"}, {"short_message": b"Gr\x7e\x1ee \x1be"}, id="gsm 7-bit"),
        pytest.param(
            {"text": "Привет 👋"}, {"data_coding": 8, "short_message": "Привет 👋".encode("utf-16-be")}, id="ucs-2"
        ),
        pytest.param(
            {"text": "Olá", "encoding": "latin1"}, {"data_coding": 3, "short_message": b"Ol\xe1"}, id="latin-1"
        ),
        pytest.param(
            {"text": None, "encoding": "binary", "data": base64.b64encode(b"\x00\xff\x80").decode()},
            {"data_coding": 4, "short_message": b"\x00\xff\x80"},
            id="binary",
        ),
        pytest.param({"flash": True}, {"data_coding": 0x10}, id="flash"),
        pytest.param(
            {"text": "Привет", "flash": True},
            {"data_coding": 0x18, "short_message": "Привет".encode("utf-16-be")},
            id="flash in ucs-2",
        ),
        pytest.param({"priority": 3, "protocol_id": 64}, {"priority_flag": 3, "protocol_id": 64}, id="priority"),
        pytest.param({"validity_s": 90_061}, {"validity_period": "000001010101000R"}, id="validity"),
        pytest.param({"expires_at": FUTURE}, {}, id="expiry in the future"),
        pytest.param({"tlvs": {"0x1400": "0aff"}}, {"tlvs": ((0x1400, b"\x0a\xff"),)}, id="vendor tlv"),
        pytest.param({"from": "12345"}, {"source_addr": "12345", "source_addr_ton": 3}, id="short code"),
        pytest.param(
            {"from": "+4915112345678"},
            {"source_addr": "4915112345678", "source_addr_ton": 1, "source_addr_npi": 1},
            id="international sender",
        ),
    ],
)
def test_a_message_is_submitted_and_delivered(
    platform: Platform, operators: Operators, number: str, fields: dict[str, Any], changes: dict[str, Any]
):
    message_id = platform.dispatch("plain", to=number, **fields)

    events = events_of(platform, message_id)
    assert operators["plain"].submitted_to(number) == [submit(number, **changes)]
    assert events == [delivered("plain", message_id, *operators["plain"].ids_of(number))]


def test_metadata_comes_back_as_it_was(platform: Platform, operators: Operators, number: str):
    metadata = {"campaign": "Frühling", "zero": "a\u0000b"}
    message_id = platform.dispatch("plain", to=number, metadata=metadata)

    events = events_of(platform, message_id)
    assert events == [delivered("plain", message_id, *operators["plain"].ids_of(number), metadata=metadata)]


def test_a_correlation_is_written_without_number_and_text(
    platform: Platform, operators: Operators, stack: Stack, number: str
):
    message_id = platform.dispatch("plain", to=number, text="confidential")
    platform.final_event(message_id)
    with psycopg.connect(stack.postgres.dsn, passfile=str(stack.postgres.passfile)) as session:
        rows = session.execute(
            "SELECT row_to_json(c) FROM smpp.message_correlations c WHERE message_id = %s", (message_id,)
        ).fetchall()

    ((row,),) = rows
    (smsc_message_id,) = operators["plain"].ids_of(number)
    found = {name: row[name] for name in ("operator_id", "smsc_message_id", "segment", "segments", "status")}
    assert found == {
        "operator_id": "plain",
        "smsc_message_id": smsc_message_id,
        "segment": 1,
        "segments": 1,
        "status": "DELIVERED",
    }
    assert number[1:] not in json.dumps(row)
    assert "confidential" not in json.dumps(row)


@pytest.mark.parametrize(
    ("operator_id", "text", "changes"),
    [
        (
            "turkish",
            "İyi günler, ağaç",
            {"esm_class": 0x40, "short_message": TURKISH_HEADER + b"@yi g~nler, a\x0ca\x60"},
        ),
        ("packed", "hellohello", {"short_message": bytes.fromhex("e8329bfd4697d9ec37")}),
    ],
)
def test_a_text_is_written_by_the_options_of_its_operator(
    platform: Platform, operators: Operators, number: str, operator_id: str, text: str, changes: dict[str, Any]
):
    message_id = platform.dispatch(operator_id, to=number, text=text)
    events = events_of(platform, message_id)

    assert operators[operator_id].submitted_to(number) == [submit(number, **changes)]
    assert events == [delivered(operator_id, message_id, *operators[operator_id].ids_of(number))]


def test_a_text_that_was_altered_says_so_in_its_event(
    platform: Platform, operators: Operators, connector: ConnectorProcess, number: str
):
    message_id = platform.dispatch("transliterating", to=number, text="“It’s – fine”")
    events = events_of(platform, message_id)

    assert operators["transliterating"].submitted_to(number) == [submit(number, short_message=b'"It\'s - fine"')]
    ids = operators["transliterating"].ids_of(number)
    assert events == [delivered("transliterating", message_id, *ids, transliterated=True)]
    assert connector.metrics()['smpp_texts_transliterated_total{operator="transliterating"}'] == 1


# Long messages.

LONG = "0123456789" * 20  # 200 septets: 153 and 47


def udh8(reference: int, part: int, text: str) -> dict[str, Any]:
    return {"esm_class": 0x40, "short_message": bytes((5, 0, 3, reference, 2, part)) + text.encode()}


def udh16(reference: int, part: int, text: str) -> dict[str, Any]:
    header = bytes((6, 8, 4)) + reference.to_bytes(2, "big") + bytes((2, part))
    return {"esm_class": 0x40, "short_message": header + text.encode()}


def sar(reference: int, part: int, text: str) -> dict[str, Any]:
    tlvs = (
        (Tag.SAR_MSG_REF_NUM, reference.to_bytes(2, "big")),
        (Tag.SAR_TOTAL_SEGMENTS, b"\x02"),
        (Tag.SAR_SEGMENT_SEQNUM, bytes((part,))),
    )
    return {"short_message": text.encode(), "tlvs": tlvs}


def reference_of(message: ShortMessage) -> int:
    """Whatever joins the parts of this long message."""
    in_tlv = dict(message.tlvs).get(Tag.SAR_MSG_REF_NUM)
    if in_tlv is not None:
        return int.from_bytes(in_tlv, "big")
    header_bytes = message.short_message[0]
    return int.from_bytes(message.short_message[3 : header_bytes - 1], "big")


@pytest.mark.parametrize(
    ("operator_id", "part", "first_length"),
    [("plain", udh8, 153), ("udh16", udh16, 152), ("sar", sar, 153)],
)
def test_a_long_message_goes_out_in_parts_and_has_one_verdict(
    platform: Platform,
    operators: Operators,
    number: str,
    operator_id: str,
    part: Callable[[int, int, str], dict[str, Any]],
    first_length: int,
):
    message_id = platform.dispatch(operator_id, to=number, text=LONG)
    events = events_of(platform, message_id)

    messages = operators[operator_id].submitted_to(number)
    reference = reference_of(messages[0])
    assert messages == [
        submit(number, **part(reference, 1, LONG[:first_length])),
        submit(number, **part(reference, 2, LONG[first_length:])),
    ]
    first, last = operators[operator_id].ids_of(number)
    assert events == [
        delivered(operator_id, message_id, first, segments=2)
        | {"event_id": f"{operator_id}.{message_id}.1.DELIVERED", "final": False}
        | {"message_status": events[0]["message_status"]},
        delivered(operator_id, message_id, last, segment=2, segments=2),
    ]
    assert events[0]["message_status"] in ("ACCEPTED", "DELIVERED")  # as the receipts came: apart, or together


def test_the_references_of_long_messages_to_one_number_follow_each_other_over_all_operators(
    platform: Platform, operators: Operators, number: str
):
    references = []
    for operator_id in ("udh16", "sar", "udh16"):
        platform.final_event(platform.dispatch(operator_id, to=number, text=LONG))
        references.append(reference_of(operators[operator_id].submitted_to(number)[-1]))

    assert references == [(references[0] + step) % 65_536 for step in range(3)]


def test_a_long_message_goes_out_as_one_payload(platform: Platform, operators: Operators, number: str):
    message_id = platform.dispatch("payload", to=number, text=LONG)
    events = events_of(platform, message_id)

    payload = ((Tag.MESSAGE_PAYLOAD, LONG.encode()),)
    assert operators["payload"].submitted_to(number) == [submit(number, short_message=b"", tlvs=payload)]
    assert events == [delivered("payload", message_id, *operators["payload"].ids_of(number))]


def test_a_message_of_ten_segments_has_one_final_event(platform: Platform, operators: Operators, number: str):
    message_id = platform.dispatch("plain", to=number, text="ж" * 67 * 10)
    platform.final_event(message_id)
    events = platform.events_of(message_id)

    assert len(operators["plain"].submitted_to(number)) == 10
    assert sorted(event["segment"] for event in events) == list(range(1, 11))
    assert [event["message_status"] for event in events if event["final"]] == ["DELIVERED"]


def test_a_long_message_without_receipts_has_one_event_at_its_last_acceptance(
    platform: Platform, operators: Operators, number: str
):
    message_id = platform.dispatch("plain", to=number, text=LONG, request_dlr=False)
    events = events_of(platform, message_id)

    assert [(event["status"], event["final"], event["source"]) for event in events] == [
        ("ACCEPTED", True, "submit_sm_resp")
    ]
    assert len(operators["plain"].submitted_to(number)) == 2


# Ends without a receipt.


def test_without_request_dlr_the_acceptance_is_the_final_event(platform: Platform, operators: Operators, number: str):
    message_id = platform.dispatch("plain", to=number, request_dlr=False)

    events = events_of(platform, message_id)
    assert operators["plain"].submitted_to(number) == [submit(number, registered_delivery=0)]
    accepted = {
        "status": "ACCEPTED",
        "message_status": "ACCEPTED",
        "stat": "",
        "error_code": "",
        "done_at": None,
        "source": "submit_sm_resp",
    }
    assert events == [delivered("plain", message_id, *operators["plain"].ids_of(number)) | accepted]


def test_a_refusal_for_good_is_a_rejection_with_code_and_name_of_the_answer(platform: Platform, operators: Operators):
    message_id = platform.dispatch("plain", to=REFUSED_NUMBER)

    events = events_of(platform, message_id)
    assert len(operators["plain"].submitted_to(REFUSED_NUMBER)) == 1
    rejected = {
        "status": "REJECTED",
        "message_status": "REJECTED",
        "stat": "0x0000000b",
        "error_code": "ESME_RINVDSTADR",
        "submitted_at": None,
        "done_at": None,
        "source": "submit_sm_resp",
    }
    assert events == [delivered("plain", message_id, "") | rejected]


def test_what_has_expired_is_not_sent(platform: Platform, operators: Operators, number: str):
    message_id = platform.dispatch("plain", to=number, expires_at=PAST, metadata={"campaign": "late"})

    events = events_of(platform, message_id)
    assert operators["plain"].submitted_to(number) == []
    expired = {
        "status": "EXPIRED",
        "message_status": "EXPIRED",
        "stat": "",
        "error_code": "",
        "submitted_at": None,
        "done_at": None,
        "source": "expiry",
        "metadata": {"campaign": "late"},
    }
    assert events == [delivered("plain", message_id, "") | expired]


# Input that cannot be processed.


def a_payload(operator_id: str = "plain", **fields: Any) -> bytes:
    return json.dumps(a_message(operator_id, **fields)).encode()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param(b"\xff not JSON", "JSON", id="not JSON"),
        pytest.param(b"", "JSON", id="empty"),
        pytest.param(b'{"x":' * 10_000, "JSON", id="nested beyond reason"),
        pytest.param(b"[]", "Expected `object`", id="no object"),
        pytest.param(a_payload(to="nobody"), r"\$\.to", id="schema"),
        pytest.param(a_payload(to=491512345678), r"\$\.to", id="number of the wrong type"),
        pytest.param(a_payload(text=["Hello"]), r"\$\.text", id="text of the wrong type"),
        pytest.param(a_payload(metadata={"m": {"m": 1}}), r"\$\.metadata", id="metadata of the wrong type"),
        pytest.param(a_payload(message_id="m\u0000"), r"\$\.message_id", id="unprintable message_id"),
        pytest.param(a_payload(message_id="m\r\nMsg-Id: x"), r"\$\.message_id", id="message_id of two lines"),
        pytest.param(a_payload(operator_id="plain\n", message_id="m"), "operator_id", id="unprintable operator_id"),
        pytest.param(a_payload(text="\ud800"), "JSON", id="half a surrogate pair"),
        pytest.param(a_payload(operator_id="other"), "operator_id", id="wrong operator"),
        pytest.param(a_payload(metadata={"m": "x" * 1024}), "metadata", id="too much metadata"),
        pytest.param(a_payload(text="ж" * 70 * 256), "255", id="too many parts"),
        pytest.param(a_payload(text="ж", encoding="gsm7"), "gsm7", id="not in the alphabet"),
        pytest.param(a_payload(encoding="binary"), "data", id="binary without data"),
        pytest.param(a_payload(tlvs={"0x1400": "no hex"}), "tlvs", id="bad tlv"),
        pytest.param(a_payload(tlvs={"-0x1": "00"}), "tlvs", id="impossible tlv"),
    ],
)
def test_what_cannot_be_processed_is_told_and_the_next_message_flows(platform: Platform, payload: bytes, reason: str):
    dead_before = len(platform.events(DEAD, "plain"))
    platform.publish("plain", payload)
    platform.final_event(platform.dispatch("plain"))

    *_, event = platform.wait_for(DEAD, "plain", dead_before + 1)
    assert event == {
        "event_id": event["event_id"],
        "operator_id": "plain",
        "payload": base64.b64encode(payload).decode(),
        "reason": event["reason"],
        "deliveries": 1,
    }
    assert re.fullmatch(r"plain\.dead\.\d+", event["event_id"])
    assert re.search(reason, event["reason"])


def test_what_is_too_large_to_be_told_whole_is_told_in_part(platform: Platform):
    """NATS takes messages of 1 MiB, and base64 adds a third."""
    payload = a_payload(text="x" * 900_000)
    dead_before = len(platform.events(DEAD, "plain"))
    platform.publish("plain", payload)
    platform.final_event(platform.dispatch("plain"))

    *_, event = platform.wait_for(DEAD, "plain", dead_before + 1)
    told = base64.b64decode(event["payload"])
    assert payload.startswith(told)
    assert len(told) > len(payload) // 2


# Binds.


def test_an_smsc_that_refuses_bind_transceiver_is_bound_twice(
    platform: Platform, operators: Operators, connector: ConnectorProcess, number: str
):
    message_id = platform.dispatch("pair", to=number)

    assert events_of(platform, message_id) == [delivered("pair", message_id, *operators["pair"].ids_of(number))]
    assert connector.first_session("pair", bound=True)["mode"] == "TX+RX"
    binds = operators["pair"].report()["binds"]
    assert (binds["total_by_mode"], binds["refused"]) == ({"transmitter": 1, "receiver": 1}, {"ESME_RINVCMDID": 1})


def test_an_operator_configured_for_two_binds_is_never_asked_for_one(
    platform: Platform, operators: Operators, number: str
):
    message_id = platform.dispatch("two-modes", to=number)

    assert events_of(platform, message_id) == [
        delivered("two-modes", message_id, *operators["two-modes"].ids_of(number))
    ]
    binds = operators["two-modes"].report()["binds"]
    assert (binds["total_by_mode"], binds["refused"]) == ({"transmitter": 1, "receiver": 1}, {})


@pytest.mark.parametrize("operator_id", OPERATORS)
def test_the_bind_of_each_operator_is_told_once(platform: Platform, operator_id: str):
    platform.wait_for(HEALTH, operator_id)
    platform.final_event(platform.dispatch(operator_id))

    (event,) = platform.events(HEALTH, operator_id)
    assert timeless(event) == {
        "event_id": f"{operator_id}.test.BOUND.{event['at']}",
        "operator_id": operator_id,
        "state": "BOUND",
        "previous_state": None,
        "endpoint": "primary",
        "reason": "bound",
        "sessions_bound": 1,
        "sessions_configured": 1,
        "connector_id": "test",
        "at": TIME,
    }


# Receipts.


@pytest.mark.parametrize(
    ("operator_id", "smsc_message_id"), [("hexdec", "[0-9a-f]+"), ("dechex", "[0-9]+"), ("opaque", "0x[0-9]{22}")]
)
def test_ids_are_matched_by_the_rule_of_the_operator_and_told_as_received(
    platform: Platform, operators: Operators, number: str, operator_id: str, smsc_message_id: str
):
    message_id = platform.dispatch(operator_id, to=number)

    events = events_of(platform, message_id)
    (in_response,) = operators[operator_id].ids_of(number)
    assert re.fullmatch(smsc_message_id, in_response)
    assert events == [delivered(operator_id, message_id, in_response)]


def test_receipts_before_the_response_are_matched_in_the_end(platform: Platform, operators: Operators):
    numbers = [f"+4915200{index}" for index in range(20)]
    message_ids = [platform.dispatch("early", to=number) for number in numbers]

    for number, message_id in zip(numbers, message_ids, strict=True):
        assert events_of(platform, message_id) == [delivered("early", message_id, *operators["early"].ids_of(number))]


def test_a_receipt_sent_twice_is_one_event(platform: Platform, operators: Operators, number: str):
    message_id = platform.dispatch("twice", to=number)
    events_of(platform, message_id)
    wait_until(lambda: operators["twice"].report()["receipts"]["pending"] == 0, 10, "both receipts answered")
    events_of(platform, platform.dispatch("twice"))

    assert operators["twice"].report()["receipts"]["refused"] == 0
    assert events_of(platform, message_id) == [delivered("twice", message_id, *operators["twice"].ids_of(number))]


def test_an_intermediate_receipt_is_an_event_of_its_own(platform: Platform, operators: Operators, number: str):
    message_id = platform.dispatch("steps", to=number)

    (smsc_message_id,) = wait_until(lambda: operators["steps"].ids_of(number), 10, "an answer")
    enroute = {"status": "ENROUTE", "message_status": "ENROUTE", "stat": "ENROUTE", "final": False}
    assert events_of(platform, message_id) == [
        delivered("steps", message_id, smsc_message_id, event_id=f"steps.{message_id}.1.ENROUTE") | enroute,
        delivered("steps", message_id, smsc_message_id),
    ]


def test_an_intermediate_receipt_after_the_final_one_changes_nothing(
    platform: Platform, operators: Operators, number: str
):
    message_id = platform.dispatch("backwards", to=number)
    events_of(platform, message_id)
    wait_until(lambda: operators["backwards"].report()["receipts"]["pending"] == 0, 10, "both receipts answered")
    events_of(platform, platform.dispatch("backwards"))

    assert events_of(platform, message_id)[-1] == delivered(
        "backwards", message_id, *operators["backwards"].ids_of(number)
    )


def test_a_failure_of_the_smsc_is_told_with_its_code(platform: Platform, operators: Operators, number: str):
    message_id = platform.dispatch("failing", to=number)

    undeliverable = {
        "status": "UNDELIVERABLE",
        "message_status": "UNDELIVERABLE",
        "stat": "UNDELIV",
        "error_code": "042",
    }
    assert events_of(platform, message_id) == [
        delivered("failing", message_id, *operators["failing"].ids_of(number)) | undeliverable
    ]


@pytest.mark.parametrize(
    ("operator_id", "changes"), [("text-only", {}), ("tlv-only", {"error_code": "", "done_at": None})]
)
def test_a_receipt_may_be_text_alone_or_tlvs_alone(
    platform: Platform, operators: Operators, number: str, operator_id: str, changes: dict[str, Any]
):
    message_id = platform.dispatch(operator_id, to=number)

    (event,) = events_of(platform, message_id)
    assert event == delivered(operator_id, message_id, *operators[operator_id].ids_of(number)) | changes | {
        "stat": event["stat"]
    }


# Messages from handsets.


@pytest.mark.parametrize(
    ("text", "encoding", "segments"),
    [
        pytest.param("Stop", "gsm7", 1, id="gsm 7-bit"),
        pytest.param("стоп", "ucs2", 1, id="ucs-2"),
        pytest.param("0123456789" * 40, "gsm7", 3, id="three parts"),
    ],
)
def test_a_message_from_a_handset_is_an_event(
    platform: Platform, operators: Operators, text: str, encoding: str, segments: int
):
    before = len(platform.events(MO, "plain"))
    operators["plain"].act("mo", source="491700000042", destination="12345", text=text)

    *_, event = platform.wait_for(MO, "plain", before + 1)
    assert timeless(event) == {
        "event_id": event["event_id"],
        "operator_id": "plain",
        "from": "491700000042",
        "to": "12345",
        "encoding": encoding,
        "segments": segments,
        "received_at": TIME,
        "text": text,
    }


def test_a_message_from_a_turkish_handset_is_read_with_its_table(platform: Platform, operators: Operators):
    before = len(platform.events(MO, "turkish"))
    operators["turkish"].deliver(
        ShortMessage(
            source_addr="4917", destination_addr="12345", esm_class=0x40, short_message=TURKISH_HEADER + b"a\x0c"
        )
    )

    *_, event = platform.wait_for(MO, "turkish", before + 1)
    assert (event["text"], event["encoding"]) == ("ağ", "gsm7")


# Afterwards.


def test_every_dispatch_is_acknowledged(platform: Platform):
    for operator_id in OPERATORS:
        wait_until(lambda operator_id=operator_id: platform.unsettled(operator_id) == 0, 10, f"{operator_id} settled")


def test_every_final_event_came_once(platform: Platform):
    for operator_id in OPERATORS:
        assert set(platform.final_counts(operator_id).values()) == {1}


def test_metrics_agree_with_what_the_smsc_saw(connector: ConnectorProcess, operators: Operators):
    submits = operators["plain"].report()["submits"]["by_status"]
    metrics = connector.metrics()

    counted = {
        status: metrics[f'smpp_submit_sm_total{{command_status="{status}",operator="plain"}}'] for status in submits
    }
    assert counted == submits
    assert metrics['smpp_operator_bound{operator="plain"}'] == 1


def test_neither_log_nor_status_shows_a_number_a_text_or_a_password(platform: Platform, connector: ConnectorProcess):
    platform.final_event(platform.dispatch("plain", to="+4915777888999", text="confidential matter"))
    shown = (
        connector.log_file.read_text()
        + json.dumps(connector.tree())
        + connector.get("/status")
        + connector.get("/metrics")
    )

    assert [secret for secret in ("4915777888999", "confidential", PASSWORD) if secret in shown] == []


def test_nothing_worse_than_a_warning_was_logged(connector: ConnectorProcess):
    assert [line for line in connector.log if line["level"] in ("ERROR", "CRITICAL")] == []
