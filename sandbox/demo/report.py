"""The figures of the demonstration, operator by operator."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from sandbox.demo.audit import Case
from sandbox.demo.cast import Role

_COLUMNS = ("submitted", "segments", "delivered", "to submit\np50 / p99", "to receipt\np50 / p99", "messages\na second")
_MODES = {"transceiver": "TRX", "transmitter": "TX", "receiver": "RX"}  # as simulator and dump call them


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of some messages. Latencies in seconds from the publish: to the first submit_sm at the SMSC, and to
    the final event in JetStream; rate: messages a second from the first publish to the last final event."""

    submitted: int
    segments: int
    delivered: int
    to_submit_s: Sequence[float]
    to_receipt_s: Sequence[float]
    rate: float


def figures_of(cases: Sequence[Case]) -> Figures:
    """Of the messages that were published."""
    published = [(case, case.published_at) for case in cases if case.published_at is not None]
    sighted = [(case.sighting, at) for case, at in published if case.sighting is not None]
    ended = [(case.finals[0], at) for case, at in published if case.finals]
    return Figures(
        submitted=len(sighted),
        segments=sum(sighting.segments for sighting, _ in sighted),
        delivered=sum(case.is_delivered for case, _ in published),
        to_submit_s=[sighting.first_at - at for sighting, at in sighted],
        to_receipt_s=[final.at - at for final, at in ended],
        rate=_rate(len(ended), [at for _, at in ended], [final.at for final, _ in ended]),
    )


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that `percent` of them do not exceed (nearest rank); ValueError without values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def table_of(cases: Sequence[Case], cast: Sequence[Role], reports: Mapping[str, Mapping[str, Any]]) -> Table:
    """A row for each operator and one for all; reports of the simulators by operator_id."""
    table = Table(title_justify="left")
    table.add_column("operator")
    table.add_column("binds")
    for column in _COLUMNS:
        table.add_column(column, justify="right")
    for role in cast:
        of_operator = [case for case in cases if case.message.operator_id == role.operator_id]
        binds = _binds(reports[role.operator_id])
        table.add_row(role.operator_id, binds, *_cells(figures_of(of_operator)), end_section=role is cast[-1])
    table.add_row("all", "", *_cells(figures_of(cases)))
    return table


def _cells(figures: Figures) -> list[str]:
    return [
        str(figures.submitted),
        str(figures.segments),
        str(figures.delivered),
        _latencies(figures.to_submit_s),
        _latencies(figures.to_receipt_s),
        f"{figures.rate:.0f}",
    ]


def _binds(report: Mapping[str, Any]) -> str:
    totals = report["binds"]["total_by_mode"]
    return " + ".join(f"{totals[mode]} {short}" for mode, short in _MODES.items() if mode in totals)


def _latencies(seconds: Sequence[float]) -> str:
    if not seconds:
        return "-"
    return f"{percentile(seconds, 50) * 1000:.0f} / {percentile(seconds, 99) * 1000:.0f} ms"


def _rate(count: int, starts: Sequence[float], ends: Sequence[float]) -> float:
    return count / (max(ends) - min(starts)) if count else 0.0
