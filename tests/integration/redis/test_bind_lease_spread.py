"""Who holds the binds: spread evenly over the replicas that want them, and handed over in time."""

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest
from background_loop import BackgroundLoop
from leasing_replica import LeasingReplica, Record
from waiting import wait_until

from adapters.redis_leases import BindLeases, Claim, Granted

TTL_S = 0.6
SPREAD_WITHIN_S = 10.0  # the TTL for a new endpoint, then some rounds of asking and renewing
HANDED_OVER_WITHIN_S = 2.0
WATCHED_S = 2 * TTL_S  # six renewals of each lease, each of which could call it back

StartReplica = Callable[..., LeasingReplica]


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
def leases(loop: BackgroundLoop, redis_server) -> Iterator[BindLeases]:
    async def make() -> BindLeases:
        return BindLeases(redis_server.url, deadline_s=5, ttl_s=TTL_S)

    opened = loop.run(make())
    yield opened
    loop.run(opened.close())


@pytest.fixture
def start_replica(loop: BackgroundLoop, leases, operator_id, record) -> Iterator[StartReplica]:
    """Starts replicas that are killed at the end."""
    started: list[LeasingReplica] = []

    def start(name: str, *, sessions: int, max_binds: int, binds: int = 1) -> LeasingReplica:
        claim = Claim(operator_id, 0, name, "", binds, max_binds)
        started.append(LeasingReplica(leases, claim, sessions, record))
        loop.call(started[-1].start)
        return started[-1]

    yield start
    for replica in started:
        loop.call(replica.kill)


def wait_for_spread(record: Record, spread: list[int], within_s: float = SPREAD_WITHIN_S) -> None:
    wait_until(lambda: sorted(record.held().values()) == spread, within_s, f"binds held as {spread}")


def wait_for_bind_of(name: str, record: Record) -> None:
    wait_until(lambda: name in record.held(), HANDED_OVER_WITHIN_S, f"a bind of {name}")


async def fail_to_bind(leases: BindLeases, claim: Claim) -> None:
    while not isinstance(answer := await leases.acquire(claim), Granted):
        await asyncio.sleep(answer.retry_after_s)
    await leases.release(claim, answer.fencing_token)


def stays(record: Record, spread: list[int]) -> bool:
    """Whether nothing is granted or given up for a good while."""
    granted = len(record.holdings)
    until = time.monotonic() + WATCHED_S
    while time.monotonic() < until:
        if sorted(record.held().values()) != spread or len(record.holdings) != granted:
            return False
        time.sleep(TTL_S / 20)
    return True


@pytest.mark.parametrize(
    ("replicas", "sessions", "binds", "max_binds", "spread"),
    [
        (2, 4, 1, 4, [2, 2]),
        (3, 4, 1, 6, [2, 2, 2]),
        (3, 4, 1, 4, [1, 1, 2]),
        (2, 3, 2, 8, [4, 4]),
        (2, 3, 2, 5, [2, 2]),
        (3, 1, 1, 2, [1, 1]),
    ],
)
def test_replicas_that_start_together_share_evenly(start_replica, record, replicas, sessions, binds, max_binds, spread):
    for number in range(replicas):
        start_replica(f"r-{number}", sessions=sessions, binds=binds, max_binds=max_binds)
    wait_for_spread(record, spread)
    assert stays(record, spread)


def test_binds_that_nobody_else_wants_may_be_taken_by_anyone(start_replica, record):
    start_replica("modest", sessions=1, max_binds=6)
    start_replica("greedy", sessions=5, max_binds=6)
    wait_for_spread(record, [1, 5])


@pytest.mark.parametrize(
    ("early", "binds", "spread"), [(["r-1"], 1, [2, 2]), (["r-1"], 2, [2, 2]), (["r-1", "r-2"], 1, [1, 1, 2])]
)
def test_who_comes_late_gets_its_share_and_then_nothing_moves(start_replica, record, early, binds, spread):
    for name in early:
        start_replica(name, sessions=4, binds=binds, max_binds=4)
    wait_until(lambda: sum(record.held().values()) == 4, SPREAD_WITHIN_S, "all binds taken")
    start_replica("late", sessions=4, binds=binds, max_binds=4)
    wait_for_spread(record, spread)
    assert stays(record, spread)
    assert record.most_held() == 4


def test_binds_are_called_back_one_at_a_time(start_replica, record):
    start_replica("early", sessions=6, max_binds=6)
    wait_for_spread(record, [6])
    start_replica("late", sessions=6, max_binds=6)
    wait_for_spread(record, [3, 3])
    given_up = sorted(holding.until for holding in record.holdings if holding.until < time.monotonic())
    taken = sorted(holding.since for holding in record.holdings if holding.replica_id == "late")
    assert len(given_up) == len(taken) == 3
    assert all(taken < next_given_up for taken, next_given_up in zip(taken, given_up[1:], strict=False))


def test_a_rolling_update_hands_the_binds_over_in_time(loop, start_replica, record):
    old = [start_replica(f"old-{number}", sessions=1, max_binds=2) for number in range(2)]
    wait_for_spread(record, [1, 1])
    for number, leaving in enumerate(old):
        start_replica(f"new-{number}", sessions=1, max_binds=2)
        loop.call(leaving.leave)
        wait_for_bind_of(f"new-{number}", record)
    assert record.held() == {"new-0": 1, "new-1": 1}
    assert record.most_held() == 2


def test_the_binds_of_a_killed_replica_are_taken_after_its_ttl(loop, start_replica, record):
    killed = start_replica("killed", sessions=2, max_binds=2)
    wait_for_spread(record, [2])
    start_replica("heir", sessions=2, max_binds=2)
    loop.call(killed.kill)
    wait_until(lambda: record.held() == {"heir": 2}, TTL_S + HANDED_OVER_WITHIN_S, "the binds inherited")


def test_a_replica_whose_binds_fail_takes_none_of_another(loop, start_replica, leases, operator_id, record):
    loop.run(fail_to_bind(leases, Claim(operator_id, 0, "failing", "s-0", binds=1, max_binds=2)))
    start_replica("healthy", sessions=2, max_binds=2)
    wait_for_spread(record, [2])
    start_replica("failing", sessions=1, max_binds=2)
    assert stays(record, [2])
