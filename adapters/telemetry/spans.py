"""Spans of one process, made with OpenTelemetry's SDK. Imported only where something is traced.

Times are passed in, in seconds since the epoch: most spans are begun when they are over, as all that they tell is known
then. A span that is never ended leaves nothing.
"""

from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace import Span as SdkSpan
from opentelemetry.trace.propagation import set_span_in_context

from adapters.telemetry.span_export import SpanExport, SpanQueue
from adapters.telemetry.span_table import Role, SpanForm
from config.tracing import TraceExport
from config.version import version
from messages.traceparent import ids, is_sampled, write_traceparent

SERVICE = "smpp-connector"

Attributes = Mapping[str, str | int | bool]

_KINDS = {role: SpanKind[role.name] for role in Role}
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_NOT_SAMPLED = TraceFlags(TraceFlags.DEFAULT)


class Span:
    """One that has begun. traceparent: for what it leads to."""

    __slots__ = ("_span", "traceparent")

    def __init__(self, span: SdkSpan) -> None:
        self._span = span
        context = span.get_span_context()
        self.traceparent = write_traceparent(context.trace_id, context.span_id, is_sampled=context.trace_flags.sampled)

    def end(self, at: float, attributes: Attributes | None = None, error: str = "") -> None:
        """error: why it failed, in the field's words; empty: it did not."""
        if attributes:
            self._span.set_attributes(attributes)
        if error:
            self._span.set_status(Status(StatusCode.ERROR, error))
        self._span.end(_nanoseconds(at))


class Tracer:
    """Sampled as OTEL_TRACES_SAMPLER says; by default as the parent is, and always where there is none."""

    def __init__(self, export: TraceExport, resource: Resource) -> None:
        queue = SpanQueue(export.max_queue, export.max_batch)
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(queue)
        self._tracer = provider.get_tracer(SERVICE, version())
        self._follows_parents = isinstance(provider.sampler, ParentBased)
        self.exporting = SpanExport(export, queue)

    def may_sample(self, traceparent: str) -> bool:
        """Whether it is worth the while to begin a span where a message comes in: a decision without a sampler."""
        return is_sampled(traceparent) or not (traceparent and self._follows_parents)

    def begin(self, form: SpanForm, parent: str, at: float, attributes: Attributes, *, is_linked: bool = False) -> Span:
        """parent: a traceparent; empty for a trace of its own. is_linked: to the parent as well."""
        context = _context(parent) if parent else None
        return Span(
            self._tracer.start_span(
                form.name,
                set_span_in_context(NonRecordingSpan(context), Context()) if context else Context(),
                _KINDS[form.role],
                attributes,
                links=[Link(context)] if context and is_linked else (),
                start_time=_nanoseconds(at),
            )
        )


def resource_of(connector_id: str, actor: str) -> Resource:
    """What is said of each span of a process; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win."""
    ours = {"service.name": SERVICE, "service.version": version(), "service.instance.id": connector_id}
    given = OTELResourceDetector().detect().attributes
    return Resource.create({**ours, **given, "smpp.actor": actor})


def _context(traceparent: str) -> SpanContext:
    flags = _SAMPLED if is_sampled(traceparent) else _NOT_SAMPLED
    return SpanContext(*ids(traceparent), is_remote=True, trace_flags=flags)


def _nanoseconds(at: float) -> int:
    return int(at * 1e6) * 1000  # a float holds no more
