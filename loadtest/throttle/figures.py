"""From arrival times at an SMSC to the figures of a case."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.smsc.sliding import SlidingSecond

NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Figures:
    """peak_1s: most submit_sm in any window of a second. use: share of the limit that was used while there was work."""

    name: str
    limit: int
    replicas: int
    peak_1s: int
    use: float

    def as_json(self) -> str:
        return json.dumps(
            {
                "case": self.name,
                "limit": self.limit,
                "peak_1s": self.peak_1s,
                "use": round(self.use, 4),
                "replicas": self.replicas,
            }
        )


def peak_in_a_second(arrived_ns: Sequence[int]) -> int:
    """Most arrivals in any window of one second; in order."""
    second = SlidingSecond()
    for at_ns in arrived_ns:
        second.add(at_ns / NS)
    return second.highest


def batched(arrived_ns: Sequence[int], size: int) -> list[Sequence[int]]:
    """Cut into so many each; without the rest."""
    return [arrived_ns[start : start + size] for start in range(0, len(arrived_ns) - size + 1, size)]


def use_of(arrived_ns: Sequence[int], limit: int) -> float:
    """Share of the limit that these arrivals, in order, used: how long as many took as fill whole seconds.

    Whole seconds, because what comes in a burst at first comes in the same burst a second later.
    """
    seconds = (len(arrived_ns) - 1) // limit
    took_ns = arrived_ns[seconds * limit] - arrived_ns[0]
    return seconds * NS / took_ns
