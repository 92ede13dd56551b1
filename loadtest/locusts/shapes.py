"""How the rate goes over the time of a load."""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

STEPS = 10  # of a ramp
BURST_EVERY_S, BURST_S = 10.0, 2.0


class ShapeName(Enum):
    STEADY = "steady"
    RAMP = "ramp"
    BURST = "burst"
    SOAK = "soak"


class Shape(NamedTuple):
    """seconds, submit_p99_ms: where nothing else is said. rate: its share at some time, of so many seconds in all."""

    summary: str
    seconds: int
    submit_p99_ms: float
    rate: Callable[[float, float], float]


def _steady(_run_time_s: float, _seconds: float) -> float:
    return 1.0


def _ramp(run_time_s: float, seconds: float) -> float:
    """From a tenth to all of it, in equal steps."""
    return (int(run_time_s / seconds * STEPS) + 1) / STEPS


def _burst(run_time_s: float, _seconds: float) -> float:
    """All messages of ten seconds in the first two of them."""
    return BURST_EVERY_S / BURST_S if run_time_s % BURST_EVERY_S < BURST_S else 0.0


SHAPES = {
    ShapeName.STEADY: Shape("the same rate all the time", 60, 1000, _steady),
    ShapeName.RAMP: Shape("from a tenth of the rate to all of it, in ten steps", 60, 1000, _ramp),
    ShapeName.BURST: Shape("the messages of ten seconds within two of them", 60, 10_000, _burst),
    ShapeName.SOAK: Shape("the same rate for half an hour", 1800, 1000, _steady),
}


def rate_at(name: ShapeName, rate: float, run_time_s: float, seconds: float) -> float | None:
    """Messages a second at this time of the run; None when it is over."""
    return rate * SHAPES[name].rate(run_time_s, seconds) if run_time_s < seconds else None
