import asyncio

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from adapters.redis_client import answer_within


class Away(Exception):
    pass


async def fail(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RedisConnectionError("host 10.0.0.1"), "Redis: ConnectionError"),
        (ConnectionResetError(), "Redis: ConnectionResetError"),
        (RuntimeError("the handler is closed"), "Redis: RuntimeError"),
    ],
)
def test_a_call_that_redis_does_not_answer_says_what_kind_of_fault_it_was(error: Exception, reason: str):
    with pytest.raises(Away) as raised:
        asyncio.run(answer_within(1, fail(error), Away))
    assert str(raised.value) == reason


def test_a_call_ends_at_its_deadline():
    with pytest.raises(Away) as raised:
        asyncio.run(answer_within(0.01, asyncio.sleep(60), Away))
    assert str(raised.value) == "no answer from Redis within 0.01 s"
