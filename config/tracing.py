"""Where spans go and how: the OTEL_ variables of the exporter, as the standard has them.

Source: OpenTelemetry, "OpenTelemetry Protocol Exporter" and "Environment Variable Specification". The variables of the
sampler and of the resource are read by the SDK itself.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from msgspec import Struct

from config import parsers

TRACES_PATH = "v1/traces"
PROTOCOL = "http/protobuf"
MAX_TIMEOUT_MS = 3_600_000
MAX_COUNT = 1_000_000

Value = TypeVar("Value")


class TraceExport(Struct, frozen=True, kw_only=True):
    """Of one process. url: takes OTLP over HTTP. headers: may hold a secret, and are not in the repr.

    max_queue: spans that wait at most; max_batch: in one request; delay_s: how long the first of a batch waits.
    """

    url: str
    headers: dict[str, str]
    timeout_s: float
    gzip: bool
    ca_file: Path | None
    client_certificate_file: Path | None
    client_key_file: Path | None
    max_queue: int
    max_batch: int
    delay_s: float

    def __repr__(self) -> str:
        return f"TraceExport(url={self.url!r})"


def trace_export(otel: Mapping[str, str]) -> TraceExport | None:
    """None where nothing is to be traced: no endpoint, or switched off. Raises ValueError with the variable's name."""
    url = _url(otel)
    if url is None or _is_off(otel):
        return None
    _of_exporter(otel, "PROTOCOL", _protocol, PROTOCOL)
    max_queue = _read(otel, "OTEL_BSP_MAX_QUEUE_SIZE", _count, "2048")
    return TraceExport(
        url=url,
        headers=_of_exporter(otel, "HEADERS", _headers, ""),
        timeout_s=_of_exporter(otel, "TIMEOUT", _milliseconds, "10000"),
        gzip=_of_exporter(otel, "COMPRESSION", _is_gzip, "none"),
        ca_file=_of_exporter(otel, "CERTIFICATE", _file, ""),
        client_certificate_file=_of_exporter(otel, "CLIENT_CERTIFICATE", _file, ""),
        client_key_file=_of_exporter(otel, "CLIENT_KEY", _file, ""),
        max_queue=max_queue,
        max_batch=min(max_queue, _read(otel, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", _count, "512")),
        delay_s=_read(otel, "OTEL_BSP_SCHEDULE_DELAY", _milliseconds, "5000"),
    )


def otel_variables(otel: dict[str, str]) -> dict[str, str]:
    """As they are, if they can be used; else ValueError."""
    trace_export(otel)
    return otel


def _url(otel: Mapping[str, str]) -> str | None:
    """That of the traces alone is taken as it stands, the common one gets the path."""
    parse = parsers.url("http", "https")
    if own := otel.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return _named("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", parse, own)
    if common := otel.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return f"{_named('OTEL_EXPORTER_OTLP_ENDPOINT', parse, common).rstrip('/')}/{TRACES_PATH}"
    return None


def _is_off(otel: Mapping[str, str]) -> bool:
    is_disabled = otel.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return is_disabled or otel.get("OTEL_TRACES_EXPORTER", "otlp").lower() == "none"


def _of_exporter(otel: Mapping[str, str], name: str, parse: Callable[[str], Value], default: str) -> Value:
    """The variable of the traces alone wins over the common one."""
    own, common = f"OTEL_EXPORTER_OTLP_TRACES_{name}", f"OTEL_EXPORTER_OTLP_{name}"
    return _read(otel, own if otel.get(own) else common, parse, default)


def _read(otel: Mapping[str, str], name: str, parse: Callable[[str], Value], default: str) -> Value:
    return _named(name, parse, otel.get(name) or default)


def _named(name: str, parse: Callable[[str], Value], text: str) -> Value:
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _protocol(text: str) -> str:
    if text != PROTOCOL:
        raise ValueError(f"expected {PROTOCOL}, the only one that is spoken here")
    return text


def _headers(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    headers = {unquote(name).strip(): unquote(value).strip() for name, _, value in pairs}
    if not all(re.fullmatch(r"[!#-'*+\-.0-9A-Z^-z|~]+", name) for name in headers) or _has_control(headers.values()):
        raise ValueError("expected name=value, comma separated, percent-encoded")
    return headers


def _has_control(values: Any) -> bool:
    return any(re.search(r"[\0-\x1f\x7f]", value) for value in values)


def _is_gzip(text: str) -> bool:
    if text not in ("none", "gzip"):
        raise ValueError("expected none or gzip")
    return text == "gzip"


def _file(text: str) -> Path | None:
    return parsers.readable_file(text) if text else None


def _milliseconds(text: str) -> float:
    """In seconds."""
    return parsers.whole_number(text, MAX_TIMEOUT_MS) / 1000


def _count(text: str) -> int:
    return max(1, parsers.whole_number(text, MAX_COUNT))
