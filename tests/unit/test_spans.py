"""What is traced and what is not, and what is said of all spans of a process."""

import pytest

from adapters.telemetry.span_table import RECEIVE, SPANS, Role
from adapters.telemetry.spans import Tracer, resource_of
from config.tracing import trace_export
from messages.traceparent import is_sampled, read_traceparent, trace_id

AT = 1_700_000_000.0
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SAMPLED, UNSAMPLED = f"00-{TRACE}-00f067aa0ba902b7-01", f"00-{TRACE}-00f067aa0ba902b7-00"
PARENTS = {"none": "", "sampled": SAMPLED, "unsampled": UNSAMPLED}


def tracer() -> Tracer:
    export = trace_export({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"})
    assert export is not None
    return Tracer(export, resource_of("replica", "dispatch-router"))


def sampled_of(made: Tracer) -> set[str]:
    """The parents that lead to a span, of those for which one is begun."""
    begun = {name: made.begin(RECEIVE, parent, AT, {}) for name, parent in PARENTS.items() if made.may_sample(parent)}
    return {name for name, span in begun.items() if is_sampled(span.traceparent)}


@pytest.mark.parametrize(
    ("sampler", "ratio", "sampled"),
    [
        (None, None, {"none", "sampled"}),
        ("parentbased_always_on", None, {"none", "sampled"}),
        ("parentbased_always_off", None, {"sampled"}),
        ("parentbased_traceidratio", "0", {"sampled"}),
        ("always_on", None, {"none", "sampled", "unsampled"}),
        ("always_off", None, set()),
        ("traceidratio", "1", {"none", "sampled", "unsampled"}),
    ],
)
def test_what_is_traced_is_as_the_sampler_says(
    monkeypatch: pytest.MonkeyPatch, sampler: str | None, ratio: str | None, sampled: set[str]
):
    for name, value in (("OTEL_TRACES_SAMPLER", sampler), ("OTEL_TRACES_SAMPLER_ARG", ratio)):
        if value is not None:
            monkeypatch.setenv(name, value)

    assert sampled_of(tracer()) == sampled


def test_a_span_goes_on_with_the_trace_of_its_parent_under_an_id_of_its_own():
    span = tracer().begin(RECEIVE, SAMPLED, AT, {})

    assert trace_id(span.traceparent) == TRACE
    assert span.traceparent != SAMPLED


def test_what_has_no_parent_gets_a_traceparent_whether_it_is_sampled_or_not(monkeypatch: pytest.MonkeyPatch):
    sampled = tracer().begin(RECEIVE, "", AT, {}).traceparent
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    unsampled = tracer().begin(RECEIVE, "", AT, {}).traceparent

    assert [read_traceparent(one) for one in (sampled, unsampled)] == [sampled, unsampled]
    assert (is_sampled(sampled), is_sampled(unsampled)) == (True, False)


def test_what_the_environment_says_of_the_service_wins(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "sms-gateway")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.instance.id=pod-1")
    attributes = resource_of("replica", "dispatch-router").attributes

    named = ("service.name", "service.instance.id", "deployment.environment.name", "smpp.actor")
    assert [attributes[name] for name in named] == ["sms-gateway", "pod-1", "test", "dispatch-router"]


def test_no_two_spans_have_the_same_name_and_only_what_we_are_asked_for_is_a_server():
    assert len({form.name for form in SPANS}) == len(SPANS)
    assert [form.name for form in SPANS if form.role is Role.SERVER] == ["deliver_sm"]
