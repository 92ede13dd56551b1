"""Bind leases in a Redis whose clock is set while they are held."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from known_endpoint import make_known
from redis.asyncio import Redis
from shifted_clock import NoShiftedClock, ShiftedClock, clear_away

from adapters.redis_leases import BindLeases, Claim, Denied, Granted, Refusal
from sandbox.redis import RedisServer

HOUR_S = 3600
FORWARD, BACK = HOUR_S, -HOUR_S
TTL_S = 4.0
SET_S = 10.0  # until a clock shows what it was set to
FREE_S = 5 * TTL_S


class ShiftedRedis(RedisServer):
    """Lives by a clock that can be set."""

    def __init__(self, directory: Path, clock: ShiftedClock) -> None:
        super().__init__(directory)
        self._clock = clock

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), **self._clock.settings}


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[ShiftedClock]:
    try:
        yield ShiftedClock(tmp_path / "offset")
    except NoShiftedClock as reason:
        pytest.skip(str(reason))
    finally:
        clear_away()


@pytest.fixture
def server(tmp_path: Path, clock: ShiftedClock) -> Iterator[ShiftedRedis]:
    with ShiftedRedis(tmp_path / "redis", clock) as running:
        yield running


@pytest.fixture
def leases(run, server: ShiftedRedis) -> Iterator[BindLeases]:
    opened = BindLeases(server.url, ttl_s=TTL_S)
    yield opened
    run(opened.close())


def claim(operator_id: str, replica_id: str) -> Claim:
    return Claim(operator_id, 0, replica_id, "session", binds=1, max_binds=1)


async def set_clock(clock: ShiftedClock, server: RedisServer, seconds: int) -> None:
    """Returns when Redis goes by it."""
    async with Redis.from_url(server.url) as client, asyncio.timeout(SET_S):
        clock.set(seconds)
        while abs((await client.time())[0] - time.time() - seconds) > HOUR_S / 2:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("seconds", [FORWARD, BACK], ids=["forward", "back"])
def test_a_clock_that_is_set_ends_no_lease_that_is_renewed(run, server, clock, leases, operator_id, seconds):
    holder, other = claim(operator_id, "holder"), claim(operator_id, "other")

    async def main() -> tuple[bool, Granted | Denied]:
        await make_known(server.url, operator_id)
        granted = await leases.acquire(holder)
        async with asyncio.TaskGroup() as tasks:
            setting = tasks.create_task(set_clock(clock, server, seconds))
            while not setting.done():
                await leases.renew(holder, granted.fencing_token)
                await asyncio.sleep(TTL_S / 10)
        answer = await leases.acquire(other)
        return (await leases.renew(holder, granted.fencing_token)).is_held, answer

    is_held, answer = run(main())
    assert (is_held, answer.reason) == (True, Refusal.ALL_TAKEN)


@pytest.mark.parametrize("seconds", [FORWARD, BACK], ids=["forward", "back"])
def test_a_clock_that_is_set_keeps_no_dead_lease_alive(run, server, clock, leases, operator_id, seconds):
    dead, other = claim(operator_id, "dead"), claim(operator_id, "other")

    async def main() -> None:
        await make_known(server.url, operator_id)
        await leases.acquire(dead)
        await set_clock(clock, server, seconds)
        async with asyncio.timeout(FREE_S):
            while isinstance(answer := await leases.acquire(other), Denied):
                await asyncio.sleep(answer.retry_after_s)

    run(main())
