"""Spans on their way out of a process, with a collector that takes them, or does not."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from ending import end
from trace_collector import TraceCollector, new_trace

from adapters.telemetry import span_export
from adapters.telemetry.span_table import SUBMIT
from adapters.telemetry.spans import Tracer, resource_of
from config.tracing import trace_export

AT = 1_700_000_000.25
DONE_S = 20.0
LONE_SURROGATE = "\udc80"


@pytest.fixture
def collector() -> Iterator[TraceCollector]:
    with TraceCollector() as running:
        yield running


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_export, "RETRY_FIRST_S", 0.05)
    monkeypatch.setattr(span_export, "RETRY_MOST_S", 0.1)


def tracer(collector: TraceCollector, **variables: str) -> Tracer:
    export = trace_export({**collector.settings, **variables})
    assert export is not None
    return Tracer(export, resource_of("replica", "session@mno@0.0"))


def record(made: Tracer, count: int, traceparent: str, message_id: str = "m") -> None:
    for number in range(1, count + 1):
        fields = {"smpp.message_id": message_id, "smpp.segment": number}
        made.begin(SUBMIT, traceparent, AT, fields).end(AT + 0.5)


def run(made: Tracer, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """While spans are being exported."""

    async def both() -> None:
        exporting = asyncio.create_task(made.exporting.run())
        try:
            await asyncio.wait_for(work(), DONE_S)
        finally:
            await end([exporting])

    asyncio.run(both())


def flush(made: Tracer) -> Callable[[], Coroutine[Any, Any, None]]:
    return lambda: made.exporting.flush(time.monotonic() + DONE_S)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def test_a_span_arrives_with_its_times_and_whose_it_is(collector: TraceCollector):
    trace, traceparent = new_trace()
    made = tracer(collector)
    record(made, 1, traceparent)
    run(made, flush(made))
    (span,) = collector.trace(trace)

    assert (span.started_ns, span.ended_ns) == (1_700_000_000_250_000_000, 1_700_000_000_750_000_000)
    of_whom = {name: span.resource[name] for name in ("service.name", "service.instance.id", "smpp.actor")}
    assert of_whom == {
        "service.name": "smpp-connector",
        "service.instance.id": "replica",
        "smpp.actor": "session@mno@0.0",
    }


def test_spans_leave_in_batches_compressed_and_with_the_headers_that_were_asked_for(collector: TraceCollector):
    trace, traceparent = new_trace()
    made = tracer(
        collector,
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE="40",
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
        OTEL_EXPORTER_OTLP_HEADERS="X-Tenant=a%20b",
    )
    record(made, 100, traceparent)
    run(made, flush(made))

    assert [span.attributes["smpp.segment"] for span in collector.trace(trace)] == list(range(1, 101))
    assert [(one["X-Tenant"], one["Content-Encoding"]) for one in collector.headers] == [("a b", "gzip")] * 3


def test_a_part_of_a_batch_leaves_when_it_has_waited(collector: TraceCollector):
    trace, traceparent = new_trace()
    made = tracer(collector)
    record(made, 1, traceparent)

    run(made, lambda: until(lambda: len(collector.trace(trace)) == 1))


def test_what_a_collector_did_not_take_is_sent_again(collector: TraceCollector):
    trace, traceparent = new_trace()
    made = tracer(collector)
    collector.status = 503
    record(made, 3, traceparent)

    async def heal() -> None:
        await until(lambda: len(collector.headers) > 1)
        collector.status = 200
        await until(lambda: len(collector.trace(trace)) == 3)

    run(made, heal)


def test_what_a_collector_will_never_take_is_dropped(collector: TraceCollector):
    trace, traceparent = new_trace()
    made = tracer(collector)
    collector.status = 400
    record(made, 3, traceparent)

    async def heal() -> None:
        await until(lambda: len(collector.headers) == 1)
        collector.status = 200
        record(made, 1, traceparent, "later")
        await until(lambda: len(collector.trace(trace)) == 1)

    run(made, heal)
    assert [span.attributes["smpp.message_id"] for span in collector.trace(trace)] == ["later"]


def test_the_oldest_fall_out_of_a_full_queue(collector: TraceCollector):
    trace, traceparent = new_trace()
    made = tracer(collector, OTEL_BSP_MAX_QUEUE_SIZE="10")
    record(made, 100, traceparent)
    run(made, flush(made))

    assert [span.attributes["smpp.segment"] for span in collector.trace(trace)] == list(range(91, 101))


def test_the_last_flush_does_not_wait_for_a_collector_that_fails(collector: TraceCollector):
    made = tracer(collector)
    collector.status = 503
    record(made, 1, new_trace()[1])

    run(made, flush(made))  # within its 20 s


def test_a_text_that_is_no_unicode_loses_that_attribute_and_nothing_else(collector: TraceCollector):
    trace, traceparent = new_trace()
    made = tracer(collector)
    record(made, 1, traceparent, LONE_SURROGATE)
    run(made, flush(made))

    assert [span.attributes for span in collector.trace(trace)] == [{"smpp.segment": 1}]


def test_certificates_that_cannot_be_used_end_nothing(collector: TraceCollector):
    endpoint = collector.settings["OTEL_EXPORTER_OTLP_ENDPOINT"].replace("http:", "https:")
    made = tracer(collector, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE=__file__)
    record(made, 1, new_trace()[1])

    run(made, flush(made))
