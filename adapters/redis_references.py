"""References that join the parts of long messages, in Redis, so that no two replicas use one at the same time."""

from adapters.redis_client import answer_within, open_client

DEADLINE_S = 0.5
KEPT_S = 86_400  # after a day without a long message it no longer matters where the count begins
REFERENCE_MASK = 0xFFFF


class ReferencesUnavailable(Exception):
    """Redis did not answer in time: use references of your own, which collide with another replica's now and then."""


class RedisReferences:
    """Hands out concatenation references. For one event loop."""

    def __init__(self, url: str, deadline_s: float = DEADLINE_S) -> None:
        self._client = open_client(url)
        self._deadline_s = deadline_s

    async def next_references(self, operator_id: str, count: int) -> list[int]:
        """The next `count` references, 0..65535 in a circle; their low octets are the 8-bit ones, 0..255 in a circle.

        Raises ReferencesUnavailable, on time.
        """
        key = f"smpp:references:{{{operator_id}}}"
        pipeline = self._client.pipeline(transaction=False)
        pipeline.incrby(key, count)
        pipeline.expire(key, KEPT_S)
        end, _ = await answer_within(self._deadline_s, pipeline.execute(), ReferencesUnavailable)
        return [number & REFERENCE_MASK for number in range(end - count, end)]

    async def close(self) -> None:
        """End the connection."""
        await self._client.aclose()
