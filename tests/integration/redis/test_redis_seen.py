"""Which dispatch was the first with its message_id."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from redis.asyncio import Redis

from adapters.redis_seen import KEY, SeenMessages, SeenUnavailable

DAY_S = 86400
BUSY_S = 30.0  # for 5,000 messages at once on a busy machine


@pytest.fixture
def url(redis_server) -> str:
    """Of a database that nobody else uses."""
    return f"{redis_server.url.rpartition('/')[0]}/7"


@pytest.fixture
def seen(run, url, operator_id) -> Iterator[Callable[..., SeenMessages]]:
    """Makes them on an empty database; they are closed at the end."""
    opened: list[SeenMessages] = []

    def make(operator: str = operator_id, *, at: str = url, **options: float) -> SeenMessages:
        opened.append(SeenMessages(at, operator, **options))
        return opened[-1]

    run(on(url, lambda client: client.flushdb()))
    yield make
    for one in opened:
        run(one.close())


async def on(url: str, work):
    async with Redis.from_url(url) as client:
        return await work(client)


async def a_day_passes(client: Redis) -> None:
    """What was of today is of yesterday, and so on, each with its time to live."""
    for key in sorted([key async for key in client.scan_iter(f"{KEY}:*")]):
        day = key[len(KEY) + 1 :].split(b":", 1)[0]
        await client.rename(key, key.replace(b":" + day + b":", b":%d:" % (int(day) - 1), 1))
        await client.expire(key.replace(b":" + day + b":", b":%d:" % (int(day) - 1), 1), DAY_S)


def test_a_message_is_the_first_with_its_id_and_stays_it(run, seen):
    door = seen()

    assert run(door.first_numbers(["m-1", "m-2"], [11, 12])) == [11, 12]
    assert run(door.first_numbers(["m-2", "m-1", "m-3"], [21, 11, 23])) == [12, 11, 23]


def test_of_two_in_one_call_the_first_counts(run, seen):
    assert run(seen().first_numbers(["m", "m", "other"], [1, 2, 3])) == [1, 1, 3]


def test_operators_know_nothing_of_each_other(run, seen):
    assert run(seen("a").first_numbers(["m"], [1])) == [1]
    assert run(seen("b").first_numbers(["m"], [2])) == [2]


def test_of_many_replicas_one_has_the_first(run, seen):
    async def all_at_once() -> list[list[int]]:
        ids = [f"m-{index}" for index in range(50)]
        doors = [seen() for _ in range(4)]
        return await asyncio.gather(
            *(door.first_numbers(ids, [replica] * 50) for replica, door in enumerate(doors, start=1))
        )

    answers = run(all_at_once())
    assert all(len(set(firsts)) == 1 for firsts in zip(*answers, strict=True))


def test_a_message_is_known_for_two_days_and_not_for_ever(run, seen, url):
    door = seen()
    run(door.first_numbers(["m"], [1]))

    for _ in range(2):
        run(on(url, a_day_passes))
        assert run(door.first_numbers(["m"], [2])) == [1]
    run(on(url, a_day_passes))
    assert run(door.first_numbers(["m"], [3])) == [3]


def test_every_key_has_a_time_to_live(run, seen, url):
    run(seen().first_numbers([f"m-{index}" for index in range(20)], list(range(20))))

    async def lives(client: Redis) -> list[int]:
        return [await client.ttl(key) async for key in client.scan_iter("*")]

    assert all(0 < life <= 3 * DAY_S for life in run(on(url, lives)))


def test_more_than_the_most_of_a_day_are_not_remembered(run, seen):
    door = seen(most_a_day=3)
    assert run(door.first_numbers(["m-1", "m-2"], [1, 2])) == [1, 2]
    assert run(door.first_numbers(["m-3", "m-4"], [3, 4])) == [3, 4]

    assert run(door.first_numbers(["m-1", "m-2", "m-3", "m-4"], [5, 6, 7, 8])) == [1, 2, 3, 8]


def test_a_message_takes_less_than_sixty_octets(run, seen, url):
    """16 at four million; here a bucket, which takes some 110 by itself, holds only a few."""

    async def used(client: Redis) -> int:
        return int((await client.info("memory"))["used_memory"])

    door = seen(deadline_s=BUSY_S)
    run(door.first_numbers(["warm-up"], [1]))
    before = run(on(url, used))
    for start in range(0, 300_000, 5000):
        numbers = list(range(start, start + 5000))
        run(door.first_numbers([f"a-long-message-id-{number:032d}" for number in numbers], numbers))

    assert (run(on(url, used)) - before) / 300_000 < 60


def test_without_redis_it_says_so_in_time(run, seen, refused_url, silent_url):
    for url in (refused_url, silent_url):
        with pytest.raises(SeenUnavailable):
            run(seen(at=url, deadline_s=0.1).first_numbers(["m"], [1]))
