"""One trace from the publisher's traceparent to the event of the receipt, as a collector sees it."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from platform_side import DEAD, HEALTH, MO, Platform
from services import Services
from simulated_operator import SimulatedOperator
from trace_collector import PUBLISHER_SPAN, Attributes, CollectedSpan, TraceCollector, new_trace
from waiting import wait_until

from messages.traceparent import trace_id

REFUSED_NUMBER = "491530000000"
TRY_ELSEWHERE = "0x45B"
LONG_TEXT = "0123456789" * 20  # two segments
IN_THE_END_S = 40.0

OPERATORS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "traced": ({}, {"prefix_statuses": f"{REFUSED_NUMBER}=ESME_RINVDSTADR"}),
    "retrying": ({"answers": {TRY_ELSEWHERE: "retry_elsewhere"}}, {}),
}
"""OperatorConfig and character of each, where they differ from the usual."""

RECEIPT = ("deliver_sm", "sms.dlr.inbound publish")
ACCEPTED = ("operator queue", ("submit_sm", RECEIPT, "correlation write"))
"""The shape of a segment's part of the tree."""

_numbers = count(1)

Operators = dict[str, SimulatedOperator]


@pytest.fixture(scope="module")
def collector() -> Iterator[TraceCollector]:
    with TraceCollector() as running:
        yield running


@pytest.fixture(scope="module")
def operators(loop: BackgroundLoop) -> Iterator[Operators]:
    with ExitStack() as running:
        yield {
            operator_id: running.enter_context(SimulatedOperator(loop, operator_id, config, **traits))
            for operator_id, (config, traits) in OPERATORS.items()
        }


@pytest.fixture(scope="module")
def connector(services: Services, operators: Operators, collector: TraceCollector) -> Iterator[ConnectorProcess]:
    with services.running(*operators.values(), **collector.settings) as process:
        yield process


@pytest.fixture
def number() -> str:
    """A destination that no other test uses."""
    return f"+491540000{next(_numbers)}"


def segment(operator_id: str, message_id: str, number: int = 1, of: int = 1) -> Attributes:
    return {
        "smpp.operator_id": operator_id,
        "smpp.message_id": message_id,
        "smpp.segment": number,
        "smpp.segments": of,
    }


def told(span: CollectedSpan) -> tuple[str, Any, Attributes]:
    """What a test can know of it: kind, actor, attributes without numbers that others count."""
    counted = {"smpp.stream_sequence", "smpp.sequence_number", "smpp.smsc_message_id", "smpp.batch"}
    attributes = {name: value for name, value in span.attributes.items() if name not in counted}
    return span.kind, span.resource["smpp.actor"], attributes


def test_the_trace_of_a_message_goes_from_its_publisher_to_the_event_of_its_receipt(
    platform: Platform, collector: TraceCollector
):
    trace, traceparent = new_trace()
    message_id = platform.dispatch("traced", {"traceparent": traceparent})
    event = platform.final_event(message_id)
    (tree,) = collector.trees(trace, spans=6)

    assert tree.shape == ("sms.dispatch receive", ACCEPTED)
    assert tree.span.parent_id == PUBLISHER_SPAN
    assert platform.traceparent_of(event) == f"00-{trace}-{tree['sms.dlr.inbound publish'].span_id}-01"
    of_segment = segment("traced", message_id)
    assert {span.name: told(span) for span in tree.spans} == {
        "sms.dispatch receive": (
            "consumer",
            "dispatch-router",
            {
                "messaging.system": "nats",
                "messaging.destination.name": "sms.dispatch.traced",
                "smpp.operator_id": "traced",
                "smpp.deliveries": 1,
            },
        ),
        "operator queue": ("internal", "operator@traced", of_segment | {"smpp.session": "session@traced@0.0"}),
        "submit_sm": (
            "client",
            "session@traced@0.0",
            of_segment
            | {
                "smpp.session": "session@traced@0.0",
                "smpp.possibly_repeated": False,
                "smpp.command_status": "ESME_ROK",
            },
        ),
        "correlation write": ("internal", "correlation-writer", of_segment | {"smpp.status": "ACCEPTED"}),
        "deliver_sm": (
            "server",
            "receipt-publisher",
            of_segment | {"smpp.status": "DELIVERED", "smpp.error_code": "000"},
        ),
        "sms.dlr.inbound publish": (
            "producer",
            "receipt-publisher",
            {
                "messaging.system": "nats",
                "messaging.destination.name": "sms.dlr.inbound",
                "messaging.message.id": event["event_id"],
                "smpp.operator_id": "traced",
            },
        ),
    }


def test_a_receipt_is_linked_to_its_submit_sm_and_nothing_else_to_anything(
    platform: Platform, collector: TraceCollector
):
    trace, traceparent = new_trace()
    platform.final_event(platform.dispatch("traced", {"traceparent": traceparent}))
    (tree,) = collector.trees(trace, spans=6)

    assert {span.name: span.links for span in tree.spans if span.links} == {"deliver_sm": (tree["submit_sm"].span_id,)}


def test_spans_end_after_they_begin_and_begin_no_earlier_than_what_led_to_them(
    platform: Platform, collector: TraceCollector
):
    trace, traceparent = new_trace()
    platform.final_event(platform.dispatch("traced", {"traceparent": traceparent}))
    (tree,) = collector.trees(trace, spans=6)
    names = ["sms.dispatch receive", "operator queue", "submit_sm", "deliver_sm", "sms.dlr.inbound publish"]
    way = [tree[name] for name in names]

    assert [span.name for span in tree.spans if span.ended_ns < span.started_ns] == []
    assert [span.name for span in sorted(way, key=lambda span: span.started_ns)] == names


def test_each_segment_of_a_long_message_has_its_own_branch(platform: Platform, collector: TraceCollector):
    trace, traceparent = new_trace()
    message_id = platform.dispatch("traced", {"traceparent": traceparent}, text=LONG_TEXT)
    platform.final_event(message_id)
    (tree,) = collector.trees(trace, spans=1 + 2 * 5)

    assert sorted(child.span.attributes["smpp.segment"] for child in tree.children) == [1, 2]
    for branch in tree.children:
        number = branch.span.attributes["smpp.segment"]
        of_segment = segment("traced", message_id, number, of=2)
        below = [span for span in branch.spans if span.name != "sms.dlr.inbound publish"]
        assert branch.shape == ACCEPTED
        assert [span.name for span in below if not of_segment.items() <= span.attributes.items()] == []


def test_a_refused_message_shows_where_it_failed_and_what_came_of_it(platform: Platform, collector: TraceCollector):
    trace, traceparent = new_trace()
    event = platform.final_event(platform.dispatch("traced", {"traceparent": traceparent}, to=f"+{REFUSED_NUMBER}"))
    (tree,) = collector.trees(trace, spans=5)

    assert tree.shape == (
        "sms.dispatch receive",
        ("operator queue", "submit_sm"),
        "correlation write",
        "sms.dlr.inbound publish",
    )
    assert {span.name: span.error for span in tree.spans if span.error} == {"submit_sm": "ESME_RINVDSTADR"}
    assert tree["submit_sm"].attributes["smpp.command_status"] == "ESME_RINVDSTADR"
    assert tree["correlation write"].attributes["smpp.status"] == "REJECTED"
    assert platform.traceparent_of(event) == f"00-{trace}-{tree['sms.dlr.inbound publish'].span_id}-01"


def trace_of_one_refused_first(platform: Platform, operator: SimulatedOperator, number: str, status: str) -> str:
    """Of a message to this number that the operator refuses with this command_status, until it has, and then takes."""
    operator.change(prefix_statuses=f"{number[1:]}={status}")
    trace, traceparent = new_trace()
    message_id = platform.dispatch(operator.operator_id, {"traceparent": traceparent}, to=number)
    wait_until(lambda: operator.answers_to(number), IN_THE_END_S, "a refusal")
    operator.change(prefix_statuses="")
    platform.final_event(message_id, IN_THE_END_S)
    return trace


def test_a_segment_that_is_tried_again_on_its_bind_waits_and_is_submitted_twice_in_its_trace(
    platform: Platform, operators: Operators, collector: TraceCollector, number: str
):
    trace = trace_of_one_refused_first(platform, operators["retrying"], number, "ESME_RTHROTTLED")
    attempts = len(operators["retrying"].answers_to(number))
    (tree,) = collector.trees(trace, spans=1 + 2 * attempts + 3)

    assert tree.shape == ("sms.dispatch receive", *[("operator queue", "submit_sm")] * (attempts - 1), ACCEPTED)
    errors = [span.error for span in tree.spans if span.name == "submit_sm"]
    assert errors == ["ESME_RTHROTTLED"] * (attempts - 1) + [None]


def test_a_redelivered_message_is_received_again_in_the_same_trace(
    platform: Platform, operators: Operators, collector: TraceCollector, number: str
):
    trace = trace_of_one_refused_first(platform, operators["retrying"], number, TRY_ELSEWHERE)
    first, second = collector.trees(trace, spans=3 + 6)

    assert first.shape == ("sms.dispatch receive", ("operator queue", "submit_sm"))
    assert second.shape == ("sms.dispatch receive", ACCEPTED)
    assert {tree.span.parent_id for tree in (first, second)} == {PUBLISHER_SPAN}
    assert [tree.span.attributes["smpp.deliveries"] for tree in (first, second)] == [1, 2]


def test_what_the_publisher_does_not_sample_makes_no_span_and_keeps_its_traceparent(
    platform: Platform, collector: TraceCollector
):
    unsampled, traceparent = new_trace(is_sampled=False)
    event = platform.final_event(platform.dispatch("traced", {"traceparent": traceparent}))
    later, sampled = new_trace()
    platform.final_event(platform.dispatch("traced", {"traceparent": sampled}))
    collector.trees(later, spans=6)

    assert platform.traceparent_of(event) == traceparent
    assert collector.trace(unsampled) == []


@pytest.mark.parametrize("headers", [None, {"traceparent": "00-not-a-trace"}], ids=["none", "malformed"])
def test_a_message_without_a_traceparent_is_a_trace_of_its_own(
    platform: Platform, collector: TraceCollector, headers: dict[str, str] | None
):
    event = platform.final_event(platform.dispatch("traced", headers))
    (tree,) = collector.trees(trace_id(platform.traceparent_of(event)), spans=6)

    assert (tree.span.name, tree.span.parent_id) == ("sms.dispatch receive", "")


def test_the_event_of_what_cannot_be_processed_goes_on_with_its_trace(platform: Platform, collector: TraceCollector):
    trace, traceparent = new_trace()
    platform.publish("traced", b"no dispatch", {"traceparent": traceparent})
    (event,) = platform.wait_for(DEAD, "traced")
    (tree,) = collector.trees(trace, spans=2)

    assert tree.shape == ("sms.dispatch receive", "sms.dead.dispatch publish")
    assert platform.traceparent_of(event) == f"00-{trace}-{tree.children[0].span.span_id}-01"


def test_events_that_no_message_led_to_are_traces_of_their_own(
    platform: Platform, operators: Operators, collector: TraceCollector
):
    operators["traced"].act("mo", text="Hi")
    events = {subject: platform.wait_for(subject, "traced")[0] for subject in (MO, HEALTH)}

    for subject, event in events.items():
        traceparent = platform.traceparent_of(event)
        (tree,) = collector.trees(trace_id(traceparent), spans=1)
        assert (tree.shape, tree.span.parent_id) == (f"{subject} publish", "")


def test_no_span_tells_anything_personal(platform: Platform, collector: TraceCollector, number: str):
    trace, traceparent = new_trace()
    platform.final_event(
        platform.dispatch("traced", {"traceparent": traceparent}, **{"to": number, "from": "Secret", "text": "Hidden"})
    )
    collector.trees(trace, spans=6)
    said = " ".join(str((span.attributes, span.resource, span.error, span.name)) for span in collector.spans)

    assert [word for word in (number[1:], "Secret", "Hidden") if word in said] == []
