"""The medians of the turns, and the connector's share of each peer's."""

import json
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from loadtest.peers.turns import Turn

CONNECTOR = "connector"


class Median(NamedTuple):
    """As of Turn, of several turns."""

    messages_per_s: float
    own_cpu_s: float
    server_cpu_s: float

    @property
    def cpu_s(self) -> float:
        """Its own and its servers'."""
        return self.own_cpu_s + self.server_cpu_s


class Ratio(NamedTuple):
    """The connector's figure over the peer's."""

    messages_per_s: float
    own_cpu_s: float
    cpu_s: float


def median_of(turns: Sequence[Turn]) -> Median:
    """Of each figure by itself."""
    figures = zip(*((turn.messages_per_s, turn.own_cpu_s, turn.server_cpu_s) for turn in turns), strict=True)
    return Median(*map(median, figures))


def ratio_of(connector: Median, peer: Median) -> Ratio:
    return Ratio(
        connector.messages_per_s / peer.messages_per_s,
        connector.own_cpu_s / peer.own_cpu_s,
        connector.cpu_s / peer.cpu_s,
    )


def table(found: Mapping[str, Median]) -> list[str]:
    """Lines: each with its figures, the peers with their ratios."""
    connector = found[CONNECTOR]
    lines = [f"  {'':<28}{'messages/s':>12}{'CPU s per 1,000: own':>24}{'servers':>10}"]
    for name, one in found.items():
        lines.append(f"  {name:<28}{one.messages_per_s:>12,.0f}{one.own_cpu_s:>24.3f}{one.server_cpu_s:>10.3f}")
    for name, one in found.items():
        if name != CONNECTOR:
            ratio = ratio_of(connector, one)
            lines.append(
                f"  connector / {name}: {ratio.messages_per_s:.2f} of the messages/s, {ratio.own_cpu_s:.2f} of its own"
                f" CPU time, {ratio.cpu_s:.2f} with the servers"
            )
    return lines


def as_json(found: Mapping[str, Median]) -> str:
    """One line."""
    connector = found[CONNECTOR]
    ratios = {name: ratio_of(connector, one) for name, one in found.items() if name != CONNECTOR}
    return json.dumps(
        {
            "medians": {name: _rounded(one._asdict()) for name, one in found.items()},
            "ratios": {name: _rounded(ratio._asdict()) for name, ratio in ratios.items()},
        }
    )


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}
