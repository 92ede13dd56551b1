"""The timer of actors, in the event loop that they have."""

import asyncio
import time
from collections.abc import Sequence

import pytest
import uvloop

from actors.runtime.alarm import Alarm

SOON_S = 0.02
LATER_S = 60.0
RUNG_S = 5.0


async def seconds_to_ring(after_s: Sequence[float]) -> float:
    """Until an alarm that was set for these moments rings."""
    rung = asyncio.Event()
    alarm = Alarm(rung.set)
    since = time.monotonic()
    for delay_s in after_s:
        alarm.set(since + delay_s)
    await asyncio.wait_for(rung.wait(), RUNG_S)
    alarm.cancel()
    return time.monotonic() - since


@pytest.mark.parametrize("after_s", [(SOON_S,), (SOON_S, LATER_S), (LATER_S, SOON_S)])
def test_an_alarm_rings_at_the_earliest_moment(after_s: Sequence[float]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        assert loop.run(seconds_to_ring(after_s)) >= SOON_S / 2


@pytest.mark.parametrize("after_s", [(0.0, SOON_S), (-1.0, -2.0), (0.0001, 0.0)])
def test_a_moment_that_has_come_may_be_followed_by_others(after_s: Sequence[float]) -> None:
    """uvloop gives handles that do not know their time for such."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        assert loop.run(seconds_to_ring(after_s)) < RUNG_S


def test_a_cancelled_alarm_does_not_ring_until_it_is_set_again() -> None:
    async def main() -> bool:
        rung = asyncio.Event()
        alarm = Alarm(rung.set)
        alarm.set(time.monotonic())
        alarm.cancel()
        await asyncio.sleep(SOON_S)
        rung_when_cancelled = rung.is_set()
        alarm.set(time.monotonic())
        await asyncio.wait_for(rung.wait(), RUNG_S)
        return rung_when_cancelled

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        assert loop.run(main()) is False
