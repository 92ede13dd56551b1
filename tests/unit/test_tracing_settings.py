"""The OTEL_ variables of the exporter."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.tracing import TraceExport, trace_export

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
IMPORTS_S = 60.0


def export(**variables: str) -> TraceExport:
    found = trace_export(ENDPOINT | variables)
    assert found is not None
    return found


def test_an_endpoint_is_all_that_is_needed():
    assert export() == TraceExport(
        url="http://collector:4318/v1/traces",
        headers={},
        timeout_s=10.0,
        gzip=False,
        ca_file=None,
        client_certificate_file=None,
        client_key_file=None,
        max_queue=2048,
        max_batch=512,
        delay_s=5.0,
    )


def test_every_variable_is_heeded(tmp_path: Path):
    file = tmp_path / "file.pem"
    file.touch()

    assert export(
        OTEL_EXPORTER_OTLP_ENDPOINT="https://collector/otlp/",
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_EXPORTER_OTLP_HEADERS="Authorization=Basic%20eDp5, X-Tenant=2",
        OTEL_EXPORTER_OTLP_TIMEOUT="2500",
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
        OTEL_EXPORTER_OTLP_CERTIFICATE=str(file),
        OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=str(file),
        OTEL_EXPORTER_OTLP_CLIENT_KEY=str(file),
        OTEL_BSP_MAX_QUEUE_SIZE="300",
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE="400",
        OTEL_BSP_SCHEDULE_DELAY="200",
    ) == TraceExport(
        url="https://collector/otlp/v1/traces",
        headers={"Authorization": "Basic eDp5", "X-Tenant": "2"},
        timeout_s=2.5,
        gzip=True,
        ca_file=file,
        client_certificate_file=file,
        client_key_file=file,
        max_queue=300,
        max_batch=300,
        delay_s=0.2,
    )


def test_a_variable_of_the_traces_alone_wins_and_its_endpoint_is_taken_as_it_stands():
    found = export(
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://traces:9999/in",
        OTEL_EXPORTER_OTLP_TIMEOUT="1000",
        OTEL_EXPORTER_OTLP_TRACES_TIMEOUT="3000",
    )

    assert (found.url, found.timeout_s) == ("http://traces:9999/in", 3.0)


@pytest.mark.parametrize(
    "variables",
    [{}, ENDPOINT | {"OTEL_SDK_DISABLED": "true"}, ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}],
    ids=["no endpoint", "disabled", "no exporter"],
)
def test_nothing_is_traced_without_an_endpoint_or_where_it_is_switched_off(variables: dict[str, str]):
    assert trace_export(variables) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a b=c"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=b%0d%0ac"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/does/not/exist"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "-1"),
    ],
)
def test_a_mistake_is_named_with_its_variable(name: str, text: str):
    with pytest.raises(ValueError, match=f"^{name}: "):
        export(**{name: text})


def test_a_repr_shows_no_header():
    assert "geheim" not in repr(export(OTEL_EXPORTER_OTLP_HEADERS="authorization=geheim"))


@pytest.mark.parametrize(("otel", "is_imported"), [({}, False), (ENDPOINT, True)], ids=["off", "on"])
def test_the_exporter_is_imported_only_where_something_is_traced(otel: dict[str, str], is_imported: bool):
    program = f"""
import importlib, sys
from actors.runtime.system import PRELOADED
from adapters.telemetry import tracing
for module in PRELOADED:
    importlib.import_module(module)
tracing.prepare({otel!r})
print("opentelemetry.exporter" in sys.modules)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=IMPORTS_S, check=True)
    assert done.stdout == f"{is_imported}\n"
