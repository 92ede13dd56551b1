"""What the two measurements find."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from loadtest.bench.accounting import CpuSpent
from loadtest.bench.rig import CONNECTOR, SERVERS


@dataclass(frozen=True, slots=True)
class Saturation:
    """From the first submit_sm to the last final event, as fast as it goes.

    took_s: that time. spent: CPU of each group of processes from the moment the operators were enabled until nothing
    was left to do. names: of the connector's processes, by pid. problems: what did not add up; then nothing counts.
    """

    messages: int
    took_s: float
    spent: Mapping[str, CpuSpent]
    pss_bytes: int
    names: Mapping[int, str]
    problems: Sequence[str]

    @property
    def messages_per_s(self) -> float:
        return self.messages / self.took_s

    def cpu_s_per_1000(self, *groups: str) -> float:
        """CPU seconds for 1,000 messages of these groups of processes together."""
        return sum(self.spent[group].total_s for group in groups) * 1000 / self.messages

    @property
    def own_cpu_s_per_1000(self) -> float:
        return self.cpu_s_per_1000(CONNECTOR)

    @property
    def server_cpu_s_per_1000(self) -> float:
        return self.cpu_s_per_1000(*SERVERS)


@dataclass(frozen=True, slots=True)
class Steady:
    """At a given rate, for a while.

    took_s: the time measured. latencies_ms: from before the publish to the submit_sm at the simulator, of the messages
    published in that time. late_ms: how far the load generator fell behind its own schedule at most.
    """

    took_s: float
    latencies_ms: Sequence[float]
    late_ms: float
    spent: Mapping[str, CpuSpent]
    pss_bytes: int
    names: Mapping[int, str]
    problems: Sequence[str]

    def cores(self, *groups: str) -> float:
        """CPU seconds a second of these groups of processes together."""
        return sum(self.spent[group].total_s for group in groups) / self.took_s

    @property
    def own_cores(self) -> float:
        return self.cores(CONNECTOR)

    @property
    def p50_ms(self) -> float:
        return percentile(self.latencies_ms, 50)

    @property
    def p99_ms(self) -> float:
        return percentile(self.latencies_ms, 99)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of them do not exceed (nearest rank); ValueError without values."""
    if not values:
        raise ValueError("no values")
    rank = ceil(len(values) * percent / 100)
    return sorted(values)[max(rank, 1) - 1]
