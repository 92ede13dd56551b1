"""Concatenation references: no two replicas get the same within a round."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from redis.asyncio import Redis

from adapters.redis_references import RedisReferences, ReferencesUnavailable


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


def test_blocks_follow_one_another(run, open_references, operator_id):
    references = open_references()
    blocks = [run(references.next_references(operator_id, count)) for count in (3, 1, 2)]
    assert blocks == [[0, 1, 2], [3], [4, 5]]


def test_replicas_get_different_ones(run, open_references, operator_id):
    async def take() -> list[list[int]]:
        replicas = [open_references() for _ in range(4)]
        return await asyncio.gather(*(replica.next_references(operator_id, 50) for replica in replicas * 5))

    taken = [reference for block in run(take()) for reference in block]
    assert sorted(taken) == list(range(1000))


def test_operators_have_counts_of_their_own(run, open_references, operator_id):
    references = open_references()
    assert [run(references.next_references(f"{operator_id}-{name}", 2)) for name in "ab"] == [[0, 1], [0, 1]]


def test_they_go_round_after_65535(run, open_references, operator_id, redis_server):
    references = open_references()

    async def near_the_end() -> list[int]:
        async with Redis.from_url(redis_server.url) as client:
            await client.set(f"smpp:references:{{{operator_id}}}", 65_534)
        return await references.next_references(operator_id, 4)

    assert run(near_the_end()) == [65_534, 65_535, 0, 1]


@pytest.mark.parametrize("url", ["refused_url", "silent_url"])
def test_without_redis_the_answer_is_a_clear_no(request, run, open_references, operator_id, url):
    with pytest.raises(ReferencesUnavailable) as failure:
        run(open_references(request.getfixturevalue(url), deadline_s=0.2).next_references(operator_id, 1))
    assert "open-sesame" not in str(failure.value)
