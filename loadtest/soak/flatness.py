"""Whether what the service holds stays the same: the median of the last third against that of the first.

Medians, because single samples swing with what is under way, most of all after a cut.
"""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from loadtest.bench.rig import NeverHappened
from loadtest.bench.samples import Sample

GROWTH = 0.05  # of the first third's median
MIB = 1024 * 1024


class Holding(NamedTuple):
    """Something that a sample counts. slack: how much more than GROWTH the last third may have of it."""

    name: str
    slack: float


HOLDINGS = (
    Holding("written_bytes", 4 * MIB),
    Holding("processes", 0),
    Holding("descriptors", 4),
    Holding("threads", 1),
    Holding("files", 2),
)


class Trend(NamedTuple):
    """Medians of the first and of the last third. is_flat: the second is hardly above the first."""

    name: str
    first: float
    last: float
    is_flat: bool


def trends(samples: Sequence[Sample]) -> list[Trend]:
    """Of all HOLDINGS; NeverHappened with fewer than three samples."""
    third = len(samples) // 3
    if not third:
        raise NeverHappened("too few samples")
    return [_trend(holding, samples[:third], samples[-third:]) for holding in HOLDINGS]


def growth(samples: Sequence[Sample]) -> dict[str, int]:
    """By how many octets the memory of each process rose, as in `trends`, the most first."""
    third = len(samples) // 3
    names = samples[-1].memory.keys()
    rises = {name: _median_memory(samples[-third:], name) - _median_memory(samples[:third], name) for name in names}
    return dict(sorted(rises.items(), key=lambda rise: -rise[1]))


def _median_memory(samples: Sequence[Sample], name: str) -> int:
    return round(median(sample.memory.get(name, 0) for sample in samples))


def _trend(holding: Holding, first: Sequence[Sample], last: Sequence[Sample]) -> Trend:
    before, after = (median(getattr(sample, holding.name) for sample in part) for part in (first, last))
    return Trend(holding.name, before, after, after <= before * (1 + GROWTH) + holding.slack)
