"""Concatenation references: unique for a destination over all replicas."""

import asyncio
from collections.abc import Callable, Iterator
from zlib import crc32

import pytest
from redis.asyncio import Redis

from adapters.redis_references import (
    COUNTERS,
    COUNTERS_KEY,
    REFERENCES,
    START_KEY,
    RedisReferences,
    ReferencesUnavailable,
)


@pytest.fixture
def open_references(run, redis_server) -> Iterator[Callable[..., RedisReferences]]:
    """Makes clients, one per replica, that are closed at the end."""
    opened: list[RedisReferences] = []

    def make(url: str = redis_server.url, **options: float) -> RedisReferences:
        opened.append(RedisReferences(url, **options))
        return opened[-1]

    yield make
    for references in opened:
        run(references.close())


@pytest.fixture
def destination(operator_id) -> str:
    """Whose counter no other test uses."""
    return f"49{crc32(operator_id.encode()):010}"


def test_the_references_of_a_destination_follow_one_another(run, open_references, destination):
    references = open_references()
    (first,) = run(references.next_references([destination]))
    assert run(references.next_references([destination, destination])) == [
        (first + 1) % REFERENCES,
        (first + 2) % REFERENCES,
    ]


def test_destinations_have_counters_of_their_own(run, open_references, destination):
    references = open_references()
    (first,) = run(references.next_references([destination]))
    run(references.next_references([f"{destination}{digit}" for digit in range(10)]))
    assert run(references.next_references([destination])) == [(first + 1) % REFERENCES]


def test_replicas_never_give_a_destination_the_same(run, open_references, destination):
    async def take() -> list[list[int]]:
        replicas = [open_references() for _ in range(4)]
        return await asyncio.gather(*(replica.next_references([destination] * 12) for replica in replicas * 5))

    taken = [reference & 0xFF for block in run(take()) for reference in block]
    assert len(set(taken)) == len(taken) == 240


def test_they_go_round_after_65535(run, open_references, destination, redis_server):
    references = open_references()
    (first,) = run(references.next_references([destination]))
    counter = f"#{crc32(destination.encode()) % COUNTERS}"

    async def near_the_end() -> list[int]:
        async with Redis.from_url(redis_server.url) as client:
            await client.bitfield(COUNTERS_KEY).incrby("u16", counter, REFERENCES - 1 - first, "WRAP").execute()
        return await references.next_references([destination] * 3)

    assert run(near_the_end()) == [0, 1, 2]


def test_when_redis_has_lost_everything_they_begin_somewhere_else(run, open_references, destination, redis_server):
    references = open_references()

    async def lose() -> None:
        async with Redis.from_url(redis_server.url) as client:
            await client.delete(COUNTERS_KEY, START_KEY)

    begun = set()
    for _ in range(8):
        run(lose())
        begun.update(run(references.next_references([destination])))
    assert len(begun) > 1


def test_no_destination_can_be_read_in_redis_and_two_mebibytes_hold_them_all(
    run, open_references, destination, redis_server
):
    async def stored() -> tuple[bytes, set[bytes]]:
        async with Redis.from_url(redis_server.url) as client:
            return await client.get(COUNTERS_KEY), {key async for key in client.scan_iter("*references*")}

    run(open_references().next_references([f"{destination}{number}" for number in range(500)]))
    counters, keys = run(stored())
    assert keys == {COUNTERS_KEY.encode(), START_KEY.encode()}
    assert len(counters) <= 2 * COUNTERS == 2 << 20
    assert destination.encode() not in counters


@pytest.mark.parametrize("url", ["refused_url", "silent_url"])
def test_without_redis_the_answer_is_a_clear_no(request, run, open_references, destination, url):
    with pytest.raises(ReferencesUnavailable) as failure:
        run(open_references(request.getfixturevalue(url), deadline_s=0.2).next_references([destination]))
    assert "open-sesame" not in str(failure.value)
    assert destination not in str(failure.value)
