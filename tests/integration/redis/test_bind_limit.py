"""That no moment ever has more than max_binds, whatever happens to replicas, to their links to Redis, and to Redis."""

import asyncio
import gc
import random
import time
from contextlib import AsyncExitStack

import msgspec
import pytest
from leasing_replica import LeasingReplica, Record
from redis.asyncio import Redis

from adapters.redis_leases import BindLeases, Claim
from sandbox.link_proxy import EITHER, Direction, LinkProxy
from sandbox.redis import RedisServer

TTL_S = 0.3
DEADLINE_S = 0.1
LASTS_S = 10.0
REPLICAS = 3
SESSIONS = 3  # of each replica
TRIALS = [(binds, max_binds) for binds, max_binds in ((1, 1), (1, 2), (1, 5), (2, 2), (2, 5)) for _ in range(2)]

# At most; on average half of it.
SOUND_S = 2 * TTL_S  # between two faults of a link
FAULT_S = 1.5 * TTL_S  # long enough for leases to end and be granted to others
RUN_S = 5 * TTL_S  # of a replica
AWAY_S = TTL_S
REMEMBERED_S = 12 * TTL_S  # between two losses of all that Redis knows of an endpoint


class Trial:
    """An operator with replicas that want more binds than there are, each with a link of its own to Redis."""

    def __init__(self, redis_server: RedisServer, operator_id: str, binds: int, max_binds: int) -> None:
        self._redis_server = redis_server
        self._claim = Claim(operator_id, 0, "", "", binds, max_binds)
        self._randomness = random.Random(operator_id)
        self.record = Record()

    async def run(self) -> None:
        async with AsyncExitStack() as cleanup, asyncio.TaskGroup() as happening:
            until = time.monotonic() + LASTS_S
            happening.create_task(self._forget(until))
            for number in range(REPLICAS):
                proxy = await cleanup.enter_async_context(LinkProxy(self._redis_server.port))
                happening.create_task(self._live(f"r-{number}", proxy, until))
                happening.create_task(self._disturb(proxy, until))

    async def _live(self, name: str, proxy: LinkProxy, until: float) -> None:
        """One run after another, each ended by SIGKILL or in order."""
        leases = BindLeases(f"redis://127.0.0.1:{proxy.port}/0", DEADLINE_S, TTL_S)
        claim = msgspec.structs.replace(self._claim, replica_id=name)
        while time.monotonic() < until:
            replica = LeasingReplica(leases, claim, SESSIONS, self.record)
            replica.start()
            await self._pass(RUN_S)
            self._randomness.choice((replica.leave, replica.kill))()
            await self._pass(AWAY_S)
            replica.kill()
        await leases.close()

    async def _disturb(self, proxy: LinkProxy, until: float) -> None:
        """Requests and answers come late, or never."""
        faults = (
            lambda: proxy.stall(EITHER),
            lambda: proxy.stall(Direction.TO_SERVER),
            lambda: proxy.stall(Direction.TO_CLIENT),
            lambda: proxy.delay(DEADLINE_S / 3),
            proxy.reset,
        )
        while time.monotonic() < until:
            await self._pass(SOUND_S)
            self._randomness.choice(faults)()
            await self._pass(FAULT_S)
            await proxy.resume()

    async def _forget(self, until: float) -> None:
        """As a restart of Redis does."""
        async with Redis.from_url(self._redis_server.url) as client:
            while time.monotonic() < until:
                await self._pass(REMEMBERED_S)
                await client.delete(f"smpp:binds:{{{self._claim.operator_id}}}:0")

    async def _pass(self, at_most_s: float) -> None:
        await asyncio.sleep(self._randomness.random() * at_most_s)


@pytest.mark.filterwarnings("ignore:unclosed Connection:ResourceWarning")  # of those that were killed
def test_no_moment_has_more_binds_than_the_limit(run, redis_server, operator_id):
    trials = [
        Trial(redis_server, f"{operator_id}-{number}", binds, max_binds)
        for number, (binds, max_binds) in enumerate(TRIALS)
    ]

    async def run_all() -> None:
        await asyncio.gather(*(trial.run() for trial in trials))

    run(run_all())
    gc.collect()  # here, and not in the middle of another test
    held = [trial.record.most_held() for trial in trials]
    assert [most for most, (_binds, limit) in zip(held, TRIALS, strict=True) if most > limit] == []
    assert sum(len(trial.record.holdings) for trial in trials) > 10
