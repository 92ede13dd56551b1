"""One case of the matrix: load, a fault, its end, and then whether everything holds that is promised."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from background_loop import BackgroundLoop
from chaos_ground import ANSWER_DELAY_S, WINDOW, Ground, Holdings, Life
from event_log import EventLog
from lasting_load import SUBMITS_PER_MESSAGE, LastingLoad, parts_of
from reckoning import (
    SECOND_NS,
    Message,
    Reckoning,
    Sighting,
    complaints,
    per_second,
    reckon,
    seconds_to_full_rate,
    sent_twice_though_answered,
)
from waiting import wait_until

from sandbox.stack import Stack

TPS = 300.0  # messages a second, of all operators together
STEADY_S = 3.0  # of load before the fault
WARM_UP_S = 6.0
WATCHED_S = 19.5  # of load after it: longer than JetStream's ack_wait, and a whole window after FULL_RATE_S
FULL_RATE_S = 15.0
RESPONSE_S = 5.0
SETTLED_S = 120.0  # a parked receipt may be tried again only after a minute
LEFT_OVER_S = 30.0
LOOK_S = 0.5
READ_S = 1.0  # that the service may take on a busy machine to read an answer

DESCRIPTORS_GROWTH = 1.05  # a restarted actor inherits what its parent has open by then
MEMORY_GROWTH, MEMORY_SLACK_BYTES = 1.15, 48 * 2**20


@dataclass(frozen=True)
class Case:
    """A fault: how it begins and ends.

    lasts_s: between the two. sessions: whose submit_sm it may leave without an answer; of no more than their windows
    may be sent again, and none where there is no such session.
    """

    name: str
    strike: Callable[[], object]
    heal: Callable[[], object] = lambda: None
    lasts_s: float = 0.0
    sessions: int = 0


Hold = Callable[[Case], None]
"""Runs a case, whose promises must hold."""


class Pace(NamedTuple):
    """How long and how hard a trial is: messages a second, seconds of load before and after the fault, within how many
    of those the service has to be at its full rate, and response_s of the operators."""

    tps: float
    steady_s: float
    watched_s: float
    full_rate_s: float
    response_s: float


FULL_PACE = Pace(TPS, STEADY_S, WATCHED_S, FULL_RATE_S, RESPONSE_S)


@dataclass
class Verdict:
    """What a case came to."""

    name: str
    reckoning: Reckoning
    full_rate_s: float

    @property
    def line(self) -> str:
        found = self.reckoning
        return (
            f"{self.name:<44} accepted {found.accepted:>6} sent {found.sent:>6} unique {found.unique:>6} "
            f"duplicated {found.duplicated:>4} unknown {found.unknown:>4} final events {found.final_events:>6} "
            f"full rate after {self.full_rate_s:>5.2f} s"
        )


@contextmanager
def running_trial(loop: BackgroundLoop, stack: Stack, pace: Pace = FULL_PACE, **settings: str) -> Iterator["Trial"]:
    """Warmed up by a short load without a fault, for which everything must hold, too. settings: of the replicas."""
    with Ground(loop, stack, pace.response_s, **settings) as ground:
        trial = Trial(ground, pace._replace(watched_s=min(WARM_UP_S, pace.watched_s), full_rate_s=math.inf))
        problems = trial.run(Case("no fault", strike=lambda: None)).reckoning.problems
        assert problems == [], f"without a fault: {problems}"
        trial.pace = pace
        yield trial


class Trial:
    """Runs cases on one ground, one after the other; what is held after the first may not grow."""

    def __init__(self, ground: Ground, pace: Pace) -> None:
        self.ground = ground
        self.pace = pace
        self._events = EventLog(ground.loop, ground.stack)
        self._held: Holdings | None = None

    def run(self, case: Case) -> Verdict:
        """Its figures, with what does not hold among their problems."""
        unknown_before = self.ground.unknown()
        self.ground.sightings()
        with self._load() as load:
            self._watch(self.pace.steady_s)
            struck_ns = time.time_ns()
            case.strike()
            self._watch(case.lasts_s)
            case.heal()
            healed_ns = time.time_ns()
            self._watch(self.pace.watched_s)
            over_ns = time.time_ns()
        sightings, reckoning = self._settled(load)
        reckoning.unknown = self._unknown_since(unknown_before)
        times = [one.at_ns for one in sightings]
        full_rate_s = seconds_to_full_rate(times, healed_ns, over_ns, self.pace.tps * SUBMITS_PER_MESSAGE)
        reckoning.problems += [
            *([] if full_rate_s <= self.pace.full_rate_s else [_late(full_rate_s, per_second(times, healed_ns))]),
            *_repeats(reckoning, sightings, struck_ns, case.sessions),
            *self._left_over(),
        ]
        return Verdict(case.name, reckoning, full_rate_s)

    def _load(self) -> LastingLoad:
        return LastingLoad(self.ground.loop, self.ground.stack, self.ground.operator_ids, self.pace.tps)

    def _watch(self, seconds: float) -> None:
        """So much time passes, in which a replica that has ended is started again."""
        ends_at = time.monotonic() + seconds

        def is_over() -> bool:
            self.ground.restart_ended()
            return time.monotonic() >= ends_at

        wait_until(is_over, 2 * seconds + SETTLED_S, "the end of a while")

    def _settled(self, load: LastingLoad) -> tuple[list[Sighting], Reckoning]:
        """Once every message has its final event and no dispatch is left, or when that has taken too long."""
        self.ground.wait_healthy()
        messages = [Message(number, message_id, parts_of(number)) for number, message_id in load.accepted.items()]
        deadline = time.monotonic() + SETTLED_S
        while not self._is_settled(messages) and time.monotonic() < deadline:
            self._watch(LOOK_S)
        sightings = self.ground.sightings()
        return sightings, reckon(messages, sightings, self._events.dlr, self._events.dead)

    def _is_settled(self, messages: Sequence[Message]) -> bool:
        if self._events.unsettled(self.ground.operator_ids):
            return False
        self._events.read()
        return all(any(event["final"] for event in self._events.dlr.get(one.message_id, ())) for one in messages)

    def _unknown_since(self, before: Mapping[Life, float]) -> int:
        """What was counted before is 0 of a life that began since."""
        return round(sum(counted - before.get(life, 0.0) for life, counted in self.ground.unknown().items()))

    def _left_over(self) -> list[str]:
        """What is held that was not held after the first case; waits for what goes by itself."""
        if self._held is None:
            self._held = self.ground.holdings()
            return []
        deadline = time.monotonic() + LEFT_OVER_S
        while (grown := _grown(self._held, self.ground.holdings())) and time.monotonic() < deadline:
            self._watch(LOOK_S)
        return [*grown, *([f"files: {' '.join(self.ground.files())}"] if grown else [])]


def _late(full_rate_s: float, counts: Sequence[int]) -> str:
    return f"at full rate only after {full_rate_s:g} s; submit_sm a second: {' '.join(map(str, counts))}"


def _repeats(reckoning: Reckoning, sightings: Sequence[Sighting], struck_ns: int, sessions: int) -> list[str]:
    """Sent again may be what had no answer when the fault struck: counted, and no more than the windows hold."""
    answered_before_ns = struck_ns - round((ANSWER_DELAY_S + READ_S) * SECOND_NS)
    uncounted = max(0, reckoning.duplicated - reckoning.unknown)
    too_many = max(0, reckoning.unknown - sessions * WINDOW)
    stale = sent_twice_though_answered(sightings, answered_before_ns)
    return [
        *complaints({"messages sent twice that had been answered before the fault": stale}),
        *([f"{uncounted} submit_sm repeated and not counted as unknown"] if uncounted else []),
        *([f"{too_many} submit_sm counted as unknown beyond the windows"] if too_many else []),
    ]


def _grown(before: Holdings, now: Holdings) -> list[str]:
    bounds = before._replace(
        descriptors=round(before.descriptors * DESCRIPTORS_GROWTH),
        pss_bytes=round(before.pss_bytes * MEMORY_GROWTH) + MEMORY_SLACK_BYTES,
    )
    return [
        f"{name} rose from {getattr(before, name)} to {value}"
        for name, value in now._asdict().items()
        if value > getattr(bounds, name)
    ]
