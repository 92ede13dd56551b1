"""A Redis client whose calls end in time, one way or the other."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

Answer = TypeVar("Answer")


def open_client(url: str) -> Redis:
    """Connects when first used, and again after each loss; one retry, for a connection that a restart has left dead."""
    return Redis.from_url(url, retry=Retry(NoBackoff(), 1), socket_keepalive=True)


async def answer_within(deadline_s: float, call: Awaitable[Answer], unavailable: type[Exception]) -> Answer:
    """The answer to `call`; raises `unavailable` when there is none within `deadline_s`, with the kind of error."""
    try:
        async with asyncio.timeout(deadline_s):
            return await call
    except TimeoutError:
        reason = f"no answer from Redis within {deadline_s:g} s"
    except (RedisError, OSError, RuntimeError) as error:  # RuntimeError: uvloop's, of a connection that is closed
        reason = f"Redis: {type(error).__name__}"
    raise unavailable(reason)
