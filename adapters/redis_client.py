"""A Redis client whose calls end in time, one way or the other."""

import asyncio
import ssl
from collections.abc import Awaitable
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

Answer = TypeVar("Answer")


SECURED = {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_min_version": ssl.TLSVersion.TLSv1_2}
"""Of rediss:// URLs, which may name a CA (ssl_ca_certs). Not the defaults of every redis-py."""


def open_client(url: str, **options: Any) -> Redis:
    """Connects when first used, and again after each loss; one retry, for a connection that a restart has left dead.

    driver_info: to tell Redis which library this is, each process would read the metadata of the package, 1.5 MiB.
    """
    if url.startswith("rediss:"):
        options |= SECURED
    return Redis.from_url(url, retry=Retry(NoBackoff(), 1), socket_keepalive=True, driver_info=None, **options)


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
