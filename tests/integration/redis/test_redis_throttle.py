"""The TPS limit: what is granted, to whom, for how long, and that no second ever holds more than it."""

import asyncio
import bisect
import random
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from redis.asyncio import Redis

from adapters.redis_throttle import MARGIN_S, Lease, RedisThrottle, ThrottleUnavailable

VALIDITY_S = 0.05
SLACK_S = 1.0  # for a busy machine

OpenThrottle = Callable[..., RedisThrottle]


@pytest.fixture
def open_throttle(run, redis_server) -> Iterator[OpenThrottle]:
    """Makes throttles, one per replica, that are closed at the end."""
    opened: list[RedisThrottle] = []

    def make(url: str = redis_server.url, **options: float) -> RedisThrottle:
        opened.append(RedisThrottle(url, **options))
        return opened[-1]

    yield make
    for throttle in opened:
        run(throttle.close())


@pytest.fixture
def throttle(open_throttle: OpenThrottle) -> RedisThrottle:
    return open_throttle()


@pytest.fixture
def redis(run, redis_server) -> Iterator[Redis]:
    """For looking at, and harming, what the throttle keeps."""
    client = Redis.from_url(redis_server.url, decode_responses=True)
    yield client
    run(client.aclose())


def granted(leases: list[Lease]) -> list[int]:
    return [lease.granted for lease in leases]


def test_permits_are_granted_up_to_the_limit(run, throttle, operator_id):
    leases = [run(throttle.lease(operator_id, "r-1", 4, 10, VALIDITY_S)) for _ in range(4)]
    assert granted(leases) == [4, 4, 2, 0]


def test_a_permit_is_valid_from_the_call_on(run, throttle, operator_id):
    lease = run(throttle.lease(operator_id, "r-1", 4, 10, 5.0))
    assert 5.0 - SLACK_S < lease.valid_for_s < 5.0


def test_a_lease_that_is_short_says_when_the_next_permit_comes(run, throttle, operator_id):
    first = run(throttle.lease(operator_id, "r-1", 10, 10, 0.5))
    second = run(throttle.lease(operator_id, "r-1", 1, 10, 0.5))
    assert (first.retry_after_s, second.granted) == (0, 0)
    assert 1.5 - SLACK_S < second.retry_after_s <= 1.5 + MARGIN_S


def test_the_next_permit_comes_when_it_was_said(run, throttle, operator_id):
    async def wait_for_it() -> list[int]:
        leases = [await throttle.lease(operator_id, "r-1", 5, 5, VALIDITY_S)]
        leases.append(await throttle.lease(operator_id, "r-1", 5, 5, VALIDITY_S))
        await asyncio.sleep(leases[-1].retry_after_s + 0.002)  # Redis counts whole microseconds, the loop milliseconds
        leases.append(await throttle.lease(operator_id, "r-1", 5, 5, VALIDITY_S))
        return granted(leases)

    assert run(wait_for_it()) == [5, 0, 5]


def test_replicas_share_one_limit_and_are_counted(run, open_throttle, operator_id):
    replicas = [open_throttle(), open_throttle()]
    leases = [run(replicas[turn % 2].lease(operator_id, f"r-{turn % 2}", 4, 10, VALIDITY_S)) for turn in range(4)]
    assert [(lease.granted, lease.replicas) for lease in leases] == [(4, 1), (4, 2), (2, 2), (0, 2)]


def test_operators_have_limits_of_their_own(run, throttle, operator_id):
    leases = [run(throttle.lease(f"{operator_id}-{name}", "r-1", 10, 10, VALIDITY_S)) for name in "ab"]
    assert granted(leases) == [10, 10]


def test_returned_permits_are_free_at_once(run, throttle, operator_id):
    run(throttle.lease(operator_id, "r-1", 10, 10, VALIDITY_S))
    again = [run(throttle.lease(operator_id, "r-1", 10, 10, VALIDITY_S, returned)) for returned in (3, 1, 1)]
    assert granted(again) == [3, 1, 1]


def test_no_more_is_returned_than_the_lease_before_has_granted(run, throttle, operator_id):
    run(throttle.lease(operator_id, "r-1", 8, 10, VALIDITY_S))
    run(throttle.lease(operator_id, "r-1", 2, 10, VALIDITY_S))
    assert run(throttle.lease(operator_id, "r-1", 10, 10, VALIDITY_S, returned=5)).granted == 2


def test_permits_of_a_lease_that_no_longer_counts_free_nothing(run, throttle, open_throttle, operator_id, redis):
    run(throttle.lease(operator_id, "r-1", 5, 10, VALIDITY_S))
    run(redis.delete(f"smpp:throttle:{{{operator_id}}}:grants"))  # as after a second, or after a restart of Redis
    run(open_throttle().lease(operator_id, "r-2", 10, 10, VALIDITY_S))
    assert run(throttle.lease(operator_id, "r-1", 5, 10, VALIDITY_S, returned=5)).granted == 0


def test_a_lowered_limit_holds_at_once(run, throttle, operator_id):
    leases = [run(throttle.lease(operator_id, "r-1", 10, tps, VALIDITY_S)) for tps in (10, 3)]
    assert granted(leases) == [10, 0]


@pytest.mark.parametrize(
    ("tps", "per_window", "window_s"), [(0.5, 1, 2.0), (0.1, 1, 10.0), (1.5, 1, 1.0), (2.9, 2, 1.0)]
)
def test_a_limit_that_is_no_whole_number_is_never_exceeded(run, throttle, operator_id, tps, per_window, window_s):
    leases = [run(throttle.lease(operator_id, "r-1", 5, tps, VALIDITY_S)) for _ in range(2)]
    assert granted(leases) == [per_window, 0]
    assert window_s < leases[0].retry_after_s <= window_s + VALIDITY_S + MARGIN_S + 1e-6


def test_nothing_is_kept_for_long(run, throttle, operator_id, redis):
    run(throttle.lease(operator_id, "r-1", 1, 10, VALIDITY_S))

    async def left_ms() -> list[int]:
        keys = sorted(await redis.keys(f"smpp:throttle:{{{operator_id}}}:*"))
        return [await redis.pttl(key) for key in keys]

    counted_ms, grants_ms, replicas_ms = run(left_ms())
    assert 0 < counted_ms <= 2052 + MARGIN_S * 1000
    assert 0 < grants_ms <= 2052 + MARGIN_S * 1000
    assert 0 < replicas_ms <= 10_000


@pytest.mark.parametrize("evicted", ["grants", "counted"])
def test_the_count_recovers_when_redis_evicts_one_of_its_keys(run, throttle, operator_id, redis, evicted):
    run(throttle.lease(operator_id, "r-1", 6, 10, VALIDITY_S))
    run(redis.delete(f"smpp:throttle:{{{operator_id}}}:{evicted}"))
    expected = 4 if evicted == "counted" else 10
    assert run(throttle.lease(operator_id, "r-1", 10, 10, VALIDITY_S)).granted == expected


def test_it_works_on_after_redis_has_dropped_its_connections_and_its_script(run, throttle, operator_id, redis):
    run(throttle.lease(operator_id, "r-1", 1, 10, VALIDITY_S))
    run(redis.client_kill_filter(_type="normal", skipme=True))
    run(redis.script_flush())
    assert run(throttle.lease(operator_id, "r-1", 1, 10, VALIDITY_S)).granted == 1


@pytest.mark.parametrize(
    ("url", "reason"), [("refused_url", "Redis: ConnectionError"), ("silent_url", "no answer from Redis within 0.2 s")]
)
def test_without_redis_the_answer_is_a_clear_no_within_the_deadline(
    request, run, open_throttle, operator_id, url, reason
):
    throttle = open_throttle(request.getfixturevalue(url), deadline_s=0.2)
    started_at = time.monotonic()
    with pytest.raises(ThrottleUnavailable) as failure:
        run(throttle.lease(operator_id, "r-1", 1, 10, VALIDITY_S))
    assert time.monotonic() - started_at < 0.2 + SLACK_S
    assert str(failure.value) == reason


def test_what_was_spent_without_a_lease_counts_for_a_second(run, throttle, operator_id):
    leases = [run(throttle.lease(operator_id, "r-1", 10, 10, VALIDITY_S, spent=spent)) for spent in (3, 0)]
    assert granted(leases) == [7, 0]


def test_a_redis_that_may_have_forgotten_grants_nothing_for_a_second(run, throttle, operator_id, redis):
    lease = partial(throttle.lease, operator_id, "r-1", 4, 10, VALIDITY_S, heeds_loss=True)
    first, second = run(lease()), run(lease())
    assert (first.granted, second.granted) == (0, 0)
    assert 1.0 < first.retry_after_s <= 1.0 + VALIDITY_S + MARGIN_S + 1e-6

    run(redis.delete(f"smpp:throttle:{{{operator_id}}}:grants"))  # as after that second
    assert run(lease()).granted == 4


class Spender:
    """A replica that takes all it gets and spends it within its validity, now at once, now as late as allowed."""

    def __init__(self, throttle: RedisThrottle, name: str, seed: int) -> None:
        self._throttle = throttle
        self._name = name
        self._randomness = random.Random(seed)
        self.spent_at: list[float] = []
        self.arrived_at: list[float] = []

    def _delay_s(self) -> float:
        """Of the way to the SMSC: the same for all, and up to MARGIN_S more."""
        return 0.02 + MARGIN_S * self._randomness.random()

    async def spend(self, operator_id: str, tps: float, validity_s: float, until: float) -> None:
        unspent = 0
        while time.monotonic() < until:
            wanted = self._randomness.randint(1, max(1, int(tps / 4)))
            asked_at = time.monotonic()
            lease = await self._throttle.lease(operator_id, self._name, wanted, tps, validity_s, unspent)
            unspent = self._randomness.randint(0, lease.granted)
            await asyncio.sleep(lease.valid_for_s * self._randomness.random() if lease.granted else lease.retry_after_s)
            now = time.monotonic()
            if now < asked_at + validity_s:
                self.spent_at += [now] * (lease.granted - unspent)
                self.arrived_at += [now + self._delay_s() for _ in range(lease.granted - unspent)]
            else:
                unspent = lease.granted


def most_in_a_second(moments: list[float]) -> int:
    moments = sorted(moments)
    return max(bisect.bisect_left(moments, moment + 1) - index for index, moment in enumerate(moments))


@pytest.mark.parametrize("tps", [7, 60])
def test_no_second_holds_more_than_the_limit_whenever_two_replicas_spend_their_permits(
    run, open_throttle, operator_id, tps
):
    spenders = [Spender(open_throttle(), f"r-{number}", number) for number in range(2)]

    async def spend() -> None:
        until = time.monotonic() + 4
        await asyncio.gather(*(spender.spend(operator_id, tps, 0.1, until) for spender in spenders))

    run(spend())
    moments = spenders[0].spent_at + spenders[1].spent_at
    assert len(moments) > tps
    assert most_in_a_second(moments) <= tps
    assert most_in_a_second(spenders[0].arrived_at + spenders[1].arrived_at) <= tps


def test_two_replicas_that_always_have_work_use_nearly_all_of_the_limit(run, open_throttle, operator_id):
    tps, windows = 200, 5
    spent: list[float] = []

    async def work(throttle: RedisThrottle, name: str) -> None:
        while len(spent) <= windows * tps:
            lease = await throttle.lease(operator_id, name, 20, tps, validity_s=0.01)
            spent.extend([time.monotonic()] * lease.granted)
            if not lease.granted:
                await asyncio.sleep(lease.retry_after_s)

    async def work_together() -> None:
        await asyncio.gather(*(work(open_throttle(), f"r-{number}") for number in range(2)))

    run(work_together())
    assert most_in_a_second(spent) <= tps
    took_s = [spent[(window + 1) * tps] - spent[window * tps] for window in range(windows)]
    assert 1 / min(took_s) >= 0.97
