"""Tracing of one process: off unless OTEL_ names a collector, and then none of its modules is even imported.

`prepare` is called once in the process that the user starts, so that those it forks share the modules; `configure` at
the start of every actor, after its fork.
"""

import importlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from config.tracing import trace_export

if TYPE_CHECKING:
    from adapters.telemetry.spans import Tracer

PRELOADED = ("adapters.telemetry.spans", "adapters.telemetry.span_export")

_tracer: "Tracer | None" = None


def prepare(otel: Mapping[str, str]) -> None:
    """otel: the OTEL_ variables, those of the settings file too, which the SDK looks for in the environment."""
    if trace_export(otel) is not None:
        os.environ.update(otel)
        for module in PRELOADED:
            importlib.import_module(module)


def configure(otel: Mapping[str, str], *, connector_id: str, actor: str) -> None:
    """Replaces what this process has inherited."""
    global _tracer
    export = trace_export(otel)
    if export is None:
        _tracer = None
        return
    from adapters.telemetry.spans import Tracer, resource_of

    _tracer = Tracer(export, resource_of(connector_id, actor))


def tracer() -> "Tracer | None":
    """None where nothing is traced. For the thread of the event loop."""
    return _tracer
