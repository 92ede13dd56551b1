"""An OpenTelemetry collector: takes OTLP over HTTP as it comes off the wire, and puts the spans together to trees."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Event, Thread
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from waiting import wait_until

from sandbox.process import LOOPBACK

SPANS_S = 20.0
JOIN_S = 10.0

Attributes = dict[str, str | int | bool]

_numbers = count(1)


@dataclass(frozen=True)
class CollectedSpan:
    """As the service has sent it. Ids in hex; parent_id is empty where it has none. links: the span_ids."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    links: tuple[str, ...]
    attributes: Attributes
    resource: Attributes
    error: str | None
    started_ns: int
    ended_ns: int


@dataclass
class Tree:
    """A span and those that name it as their parent, in the order in which they began."""

    span: CollectedSpan
    children: list["Tree"] = field(default_factory=list)

    @property
    def shape(self) -> Any:
        """The name alone, or the name and the shapes of its children."""
        return (self.span.name, *(child.shape for child in self.children)) if self.children else self.span.name

    @property
    def spans(self) -> list[CollectedSpan]:
        """All of them, parents first."""
        return [self.span, *(span for child in self.children for span in child.spans)]

    def __getitem__(self, name: str) -> CollectedSpan:
        """The one span of this name."""
        (found,) = (span for span in self.spans if span.name == name)
        return found


class TraceCollector:
    """Use it with `with`. status: what it answers; a value above 299 keeps nothing. is_stuck: answers nobody."""

    def __init__(self) -> None:
        self.status = 200
        self.is_stuck = False
        self.headers: list[dict[str, str]] = []
        self.requests: list[bytes] = []
        self.spans: list[CollectedSpan] = []
        self._released = Event()
        self._server = ThreadingHTTPServer((LOOPBACK, 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Its port is closed; a second call changes nothing."""
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(JOIN_S)

    @property
    def settings(self) -> dict[str, str]:
        """For a service that is to send its spans here, without making a test wait."""
        endpoint = f"http://{LOOPBACK}:{self._server.server_port}"
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "50"}

    def trace(self, trace_id: str) -> list[CollectedSpan]:
        """What has come of it so far."""
        return [span for span in list(self.spans) if span.trace_id == trace_id]

    def trees(self, trace_id: str, spans: int, within_s: float = SPANS_S) -> list[Tree]:
        """The trace, once so many spans of it are there: those whose parent is not ours, with all below them."""
        wait_until(lambda: len(self.trace(trace_id)) >= spans, within_s, f"{spans} spans of trace {trace_id}")
        return grown(self.trace(trace_id))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector._received(self.path, dict(self.headers), body)
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None: ...

        return Handler

    def _received(self, path: str, headers: dict[str, str], body: bytes) -> None:
        assert (path, headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
        self.headers.append(headers)
        if self.is_stuck:
            self._released.wait()
        elif self.status < 300:
            plain = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
            self.requests.append(plain)
            self.spans += _spans(ExportTraceServiceRequest.FromString(plain))


def new_trace(*, is_sampled: bool = True) -> tuple[str, str]:
    """A trace_id that no other test uses, and the traceparent of a publisher's span in it."""
    trace_id = f"{next(_numbers):032x}"
    return trace_id, f"00-{trace_id}-{PUBLISHER_SPAN}-{is_sampled:02x}"


PUBLISHER_SPAN = "00f067aa0ba902b7"


def grown(spans: Iterable[CollectedSpan]) -> list[Tree]:
    """Trees of those whose parent is not among them."""
    trees = {span.span_id: Tree(span) for span in sorted(spans, key=lambda span: span.started_ns)}
    roots = []
    for tree in trees.values():
        parent = trees.get(tree.span.parent_id)
        (parent.children if parent else roots).append(tree)
    return roots


def _spans(request: ExportTraceServiceRequest) -> list[CollectedSpan]:
    return [
        _span(span, _attributes(of_resource.resource.attributes))
        for of_resource in request.resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    ]


def _span(span: WireSpan, resource: Attributes) -> CollectedSpan:
    return CollectedSpan(
        name=span.name,
        kind=WireSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        links=tuple(link.span_id.hex() for link in span.links),
        attributes=_attributes(span.attributes),
        resource=resource,
        error=span.status.message if span.status.code == Status.STATUS_CODE_ERROR else None,
        started_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
    )


def _attributes(pairs: Iterable[KeyValue]) -> Attributes:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
