"""The sizes that are measured, and the figures of each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from os import cpu_count

from loadtest.bench.figures import CONNECTOR, LOAD_GENERATOR, SERVERS, SIMULATOR, Saturation, Usage

FULL = 0.85  # of a core, or of all of them: nothing more fits
FLAT = 0.15  # how much the cost of a message may differ from that at the first size


class Axis(Enum):
    """What grows."""

    OPERATORS = "operators"
    CORRELATIONS = "correlations"
    REPLICAS = "replicas"


SIZES = {
    Axis.OPERATORS: (1, 10, 100),
    Axis.CORRELATIONS: (1_000, 10_000, 100_000, 1_000_000, 10_000_000),
    Axis.REPLICAS: (1, 2, 4),
}


@dataclass(frozen=True, slots=True)
class Point:
    """At one size; the CPU seconds are of 1,000 messages. limited_by: what had no more to give."""

    axis: str
    size: int
    messages_per_s: float
    own_cpu_s: float
    server_cpu_s: float
    limited_by: str

    @property
    def cpu_s(self) -> float:
        return self.own_cpu_s + self.server_cpu_s


def point_of(axis: Axis, size: int, found: Saturation) -> Point:
    return Point(
        axis=axis.value,
        size=size,
        messages_per_s=round(found.messages_per_s, 1),
        own_cpu_s=round(found.own_cpu_s_per_1000, 4),
        server_cpu_s=round(found.server_cpu_s_per_1000, 4),
        limited_by=limit_of(found.usage, found.names, cpu_count() or 1),
    )


def limit_of(usage: Usage, names: Mapping[int, str], cores: int) -> str:
    """The cores, if they were busy; else the busiest process, if it was; else waiting for answers."""
    busy = (usage.total_s(CONNECTOR, *SERVERS, SIMULATOR, LOAD_GENERATOR) + usage.rest_s) / usage.elapsed_s
    if busy > FULL * cores:
        return f"the {cores} cores"
    shares = {name: spent / usage.elapsed_s for name, spent in _processes(usage, names).items()}
    busiest = max(shares, key=lambda name: shares[name])
    return busiest if shares[busiest] > FULL else f"waiting; busiest: {busiest}, {shares[busiest]:.2f} of a core"


def rises(points: Sequence[Point]) -> list[str]:
    """Sizes at which a message costs more than FLAT above that of the first size, a line each."""
    return [
        f"{point.size:,} {point.axis}: {point.cpu_s:.3f} CPU s per 1,000 messages, {first.cpu_s:.3f} at {first.size:,}"
        for first in points[:1]
        for point in points[1:]
        if point.cpu_s > first.cpu_s * (1 + FLAT)
    ]


def as_json(points: Sequence[Point]) -> str:
    """A line for each."""
    return "".join(f"{json.dumps(asdict(point))}\n" for point in points)


def from_json(lines: str) -> list[Point]:
    """The reverse of as_json."""
    return [Point(**json.loads(line)) for line in lines.splitlines()]


def _processes(usage: Usage, names: Mapping[int, str]) -> dict[str, float]:
    """CPU seconds by name, of the connector's each by itself."""
    own = {names.get(pid, str(pid)): spent for pid, spent in sorted(usage.spent[CONNECTOR].by_pid.items())}
    return {**own, **{name: usage.total_s(name) for name in (*SERVERS, SIMULATOR)}}
