"""That no moment ever has more than max_binds, whatever happens to replicas, to their links to Redis, and to Redis."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
from leasing_replica import LeasingReplica, Record
from redis.asyncio import Redis

from adapters.redis_leases import BindLeases, Claim
from sandbox.link_proxy import EITHER, Direction, LinkProxy

TTL_S = 0.6
DEADLINE_S = 0.1
LASTS_S = 8.0
REPLICAS = 3
SESSIONS = 3  # of each replica
FAULT_EVERY_S = 0.15  # on average
SPLIT_S = 1.5 * TTL_S  # at most; long enough for leases to end and be granted to others


class Trial:
    """Replicas that want more binds than there are, each with a link of its own to Redis, and what happens to them."""

    def __init__(self, redis_server, operator_id: str, binds: int, max_binds: int, seed: int) -> None:
        self._redis_server = redis_server
        self._operator_id = operator_id
        self._binds = binds
        self._max_binds = max_binds
        self._randomness = random.Random(seed)
        self.record = Record()

    async def run(self) -> None:
        async with AsyncExitStack() as cleanup, asyncio.TaskGroup() as happening:
            until = time.monotonic() + LASTS_S
            for number in range(REPLICAS):
                proxy = await cleanup.enter_async_context(LinkProxy(self._redis_server.port))
                happening.create_task(self._live(f"r-{number}", proxy, until))
                happening.create_task(self._split(proxy, until))
            happening.create_task(self._lose_all(until))

    async def _live(self, name: str, proxy: LinkProxy, until: float) -> None:
        """One run after another, each ended by SIGKILL or in order, with the next one at once or later."""
        leases = BindLeases(f"redis://127.0.0.1:{proxy.port}/0", DEADLINE_S, TTL_S)
        claim = Claim(self._operator_id, 0, name, "", self._binds, self._max_binds)
        while time.monotonic() < until:
            replica = LeasingReplica(leases, claim, SESSIONS, self.record)
            replica.start()
            await self._pass(4 * TTL_S)
            self._randomness.choice((replica.leave, replica.kill))()
            await self._pass(TTL_S)
            replica.kill()
        await leases.close()

    async def _split(self, proxy: LinkProxy, until: float) -> None:
        """Requests and answers come late, by up to a split, or never."""
        while time.monotonic() < until:
            await self._pass(4 * FAULT_EVERY_S)
            fault = self._randomness.choice(("to Redis", "from Redis", "both", "reset", "slow"))
            if fault == "reset":
                proxy.reset()
            elif fault == "slow":
                proxy.delay(DEADLINE_S / 3)
            else:
                proxy.stall({"to Redis": Direction.TO_SERVER, "from Redis": Direction.TO_CLIENT}.get(fault, EITHER))
            await self._pass(SPLIT_S)
            await proxy.resume()

    async def _lose_all(self, until: float) -> None:
        """Redis forgets, as after a restart."""
        async with Redis.from_url(self._redis_server.url) as client:
            while time.monotonic() < until:
                await self._pass(6 * TTL_S)
                await client.delete(f"smpp:binds:{{{self._operator_id}}}:0")

    async def _pass(self, at_most_s: float) -> None:
        await asyncio.sleep(self._randomness.random() * at_most_s)


@pytest.mark.parametrize(("binds", "max_binds"), [(1, 1), (1, 4), (2, 5)])
@pytest.mark.parametrize("seed", range(2))
def test_no_moment_has_more_than_the_limit(run: Callable, redis_server, operator_id, binds, max_binds, seed):
    trial = Trial(redis_server, operator_id, binds, max_binds, seed)
    run(trial.run())
    assert len(trial.record.holdings) > 10
    assert trial.record.most_held() == max_binds - max_binds % binds
