"""References that join the parts of long messages, unique for a destination over all replicas, in Redis.

A handset puts parts together by sender and reference, so what must differ are the references to one destination. Each
destination counts in one of 2^20 counters of 16 bits, chosen by a checksum: 2 MiB in one string, which never grows,
never expires and does not say who was written to. One BITFIELD counts a whole batch.

Redis may lose it all. Then the counters begin anew, but from another start, so that a message that is still on its way
is not met at once by the next one.
"""

from collections.abc import Sequence
from random import randrange
from zlib import crc32

from adapters.redis_client import answer_within, open_client

DEADLINE_S = 0.5
COUNTERS_KEY = "smpp:{references}:counters"
START_KEY = "smpp:{references}:start"
COUNTERS = 1 << 20
REFERENCES = 1 << 16


class ReferencesUnavailable(Exception):
    """Redis did not answer in time: use references of your own, which may meet another message's now and then."""


class RedisReferences:
    """Hands out concatenation references. For one event loop."""

    def __init__(self, url: str, deadline_s: float = DEADLINE_S) -> None:
        self._client = open_client(url)
        self._deadline_s = deadline_s

    async def next_references(self, destinations: Sequence[str]) -> list[int]:
        """One for each, 0..65535 in a circle; their low octets are the 8-bit ones, 0..255 in a circle.

        destinations: as they stand in the submit_sm. Raises ReferencesUnavailable, on time.
        """
        pipeline = self._client.pipeline(transaction=False)
        pipeline.set(START_KEY, randrange(REFERENCES), nx=True)
        pipeline.get(START_KEY)
        counters = pipeline.bitfield(COUNTERS_KEY, "WRAP")
        for destination in destinations:
            counters.incrby("u16", _counter_of(destination), 1)
        counters.execute()
        _, start, counts = await answer_within(self._deadline_s, pipeline.execute(), ReferencesUnavailable)
        return [(int(start) + count) % REFERENCES for count in counts]

    async def close(self) -> None:
        """End the connection."""
        await self._client.aclose()


def _counter_of(destination: str) -> str:
    return f"#{crc32(destination.encode()) % COUNTERS}"
