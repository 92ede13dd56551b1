"""What the measurements find."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from loadtest.bench.accounting import CpuSpent

CONNECTOR, SIMULATOR, LOAD_GENERATOR = "connector", "simulator", "load generator"
SERVERS = ("NATS", "Postgres", "Redis", "operator management")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds of each group of processes between two readings that lie elapsed_s apart.

    rest_s: of everything else on this machine. Much of it means that the figures are those of a busy machine.
    """

    elapsed_s: float
    spent: Mapping[str, CpuSpent]
    rest_s: float

    def total_s(self, *groups: str) -> float:
        """Of these groups together."""
        return sum(self.spent[group].total_s for group in groups)


@dataclass(frozen=True, slots=True)
class Saturation:
    """From the first submit_sm to the last final event, as fast as it goes.

    took_s: that time. usage: from the moment the operators were enabled until nothing was left to do.
    names: of the connector's processes, by pid. problems: what did not add up; then nothing counts.
    """

    messages: int
    took_s: float
    usage: Usage
    pss_bytes: int
    names: Mapping[int, str]
    problems: Sequence[str]

    @property
    def messages_per_s(self) -> float:
        return self.messages / self.took_s

    @property
    def own_cpu_s_per_1000(self) -> float:
        return self.usage.total_s(CONNECTOR) * 1000 / self.messages

    @property
    def server_cpu_s_per_1000(self) -> float:
        return self.usage.total_s(*SERVERS) * 1000 / self.messages


@dataclass(frozen=True, slots=True)
class Steady:
    """At a given rate, for a while.

    latencies_ms: from before the publish to the submit_sm at the simulator, of the messages published in the time
    measured. late_ms: how far the load generator fell behind its own schedule at most. The rest as of Saturation.
    """

    latencies_ms: Sequence[float]
    late_ms: float
    usage: Usage
    pss_bytes: int
    names: Mapping[int, str]
    problems: Sequence[str]

    @property
    def own_cores(self) -> float:
        return self.usage.total_s(CONNECTOR) / self.usage.elapsed_s

    @property
    def p50_ms(self) -> float:
        return percentile(self.latencies_ms, 50)

    @property
    def p99_ms(self) -> float:
        return percentile(self.latencies_ms, 99)


@dataclass(frozen=True, slots=True)
class Idle:
    """Bound, with nothing to do. names: of the connector's processes, by pid."""

    operators: int
    usage: Usage
    pss_bytes: int
    names: Mapping[int, str]

    @property
    def own_cores(self) -> float:
        return self.usage.total_s(CONNECTOR) / self.usage.elapsed_s


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of them do not exceed (nearest rank); ValueError without values."""
    if not values:
        raise ValueError("no values")
    rank = ceil(len(values) * percent / 100)
    return sorted(values)[max(rank, 1) - 1]
