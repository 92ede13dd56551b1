"""From arrivals at an SMSC to the figures of a case."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.smsc.sliding import SlidingSecond

NS = 1_000_000_000
LEAST_FAIRNESS = 0.5


@dataclass(frozen=True, slots=True)
class Figures:
    """peak_1s: most submit_sm in any window of a second. use: share of the limit that was used while there was work.

    shares: of each replica in what came while all of them were at work, the largest first.
    """

    name: str
    limit: int
    replicas: int
    peak_1s: int
    use: float
    shares: Sequence[float]

    @property
    def fairness(self) -> float:
        """The smallest share as a multiple of an equal one; 1 is fair, 0 says that a replica had nothing to do."""
        return self.shares[-1] * self.replicas

    @property
    def holds(self) -> bool:
        return self.peak_1s <= self.limit and self.fairness >= LEAST_FAIRNESS

    def as_json(self) -> str:
        return json.dumps(
            {
                "case": self.name,
                "limit": self.limit,
                "peak_1s": self.peak_1s,
                "use": round(self.use, 4),
                "replicas": self.replicas,
                "shares": [round(share, 3) for share in self.shares],
                "fairness": round(self.fairness, 3),
            }
        )


def peak_in_a_second(arrived_ns: Sequence[int]) -> int:
    """Most arrivals in any window of one second; in order."""
    second = SlidingSecond()
    for at_ns in arrived_ns:
        second.add(at_ns / NS)
    return second.highest


def shares_of(links: Sequence[int], replicas: int) -> list[float]:
    """Of each replica in the arrivals that came over these links, the largest first; each replica has one link."""
    counts = sorted(Counter(links).values(), reverse=True)
    return [count / len(links) for count in counts] + [0.0] * (replicas - len(counts))


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
