"""What the queries of alerts and dashboards name, against the metrics that exist."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from adapters.telemetry.metric_table import METRICS, Kind, Metric

ADDED_BY_PROMETHEUS = {"namespace", "pod", "instance"}
COMMAND_S = 60.0

SERIES = re.compile(r"\b(smpp_\w+)(?:\{([^}]*)\})?")
GROUPING = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")


def unknown_names(query: str) -> list[str]:
    """Series that no metric has, and labels that none of the query's metrics has."""
    metrics = {series: _metric(series) for series, _matchers in SERIES.findall(query)}
    labels = {label for metric in metrics.values() if metric for label in (*metric.labels, *_le(metric))}
    missing = [series for series, metric in metrics.items() if metric is None]
    return missing + sorted(set(_labels(query)) - labels - ADDED_BY_PROMETHEUS)


def promtool() -> str | None:
    """Debian has it in its package `prometheus`."""
    return shutil.which("promtool")


def run_promtool(*arguments: str | Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Promtool, started in this folder."""
    program = promtool()
    assert program is not None
    command = [program, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=COMMAND_S, check=False)


def _metric(series: str) -> Metric | None:
    for metric in METRICS:
        suffixes = ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",)
        if series in [metric.name + suffix for suffix in suffixes]:
            return metric
    return None


def _le(metric: Metric) -> tuple[str, ...]:
    return ("le",) if metric.kind is Kind.HISTOGRAM else ()


def _labels(query: str) -> Iterator[str]:
    for _series, matchers in SERIES.findall(query):
        yield from re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)
    for names in GROUPING.findall(query):
        yield from re.findall(r"\w+", names)
