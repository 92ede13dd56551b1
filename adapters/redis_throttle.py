"""The TPS limit of an operator, over all replicas together: a sliding window in Redis, leased in blocks of permits."""

import math
import time
from importlib import resources
from typing import cast

from msgspec import Struct

from adapters.redis_client import answer_within, open_client

DEADLINE_S = 0.5
WINDOW_S = 1.0
MARGIN_S = 0.010
"""So much longer than another a submit_sm may take to the SMSC: processes that wait for their turn, the network."""

SCRIPT = resources.files("adapters").joinpath("redis_throttle.lua").read_text("utf-8")


class ThrottleUnavailable(Exception):
    """Redis did not answer in time: nobody knows whether the limit leaves room, so nothing may be sent."""


class Lease(Struct, frozen=True):
    """The answer to a wish for permits.

    granted: how many may be spent, within valid_for_s seconds from the answer. retry_after_s: when granted is less than
    was wanted, the time until the next permit. replicas: how many have asked in the last 10 s, this one included.
    """

    granted: int
    valid_for_s: float
    retry_after_s: float
    replicas: int


class RedisThrottle:
    """Leases permits; one permit is one submit_sm. For one event loop.

    The limit holds for the moments at which permits are spent, whenever that is within their validity, in every window
    of one second, and, as far as MARGIN_S goes, for those at which they arrive. So a permit counts for its validity,
    a second and the margin: of the TPS 1 / (1 + validity_s + MARGIN_S) can be used.
    A fraction of a permit can't be leased: 1.5 TPS are 1 in every second, 0.5 are 1 in every 2 seconds.
    """

    def __init__(self, url: str, deadline_s: float = DEADLINE_S) -> None:
        self._client = open_client(url)
        self._lease_permits = self._client.register_script(SCRIPT)
        self._deadline_s = deadline_s
        self._last_grants: dict[str, bytes] = {}

    async def lease(
        self,
        operator_id: str,
        replica_id: str,
        wanted: int,
        tps: float,
        validity_s: float,
        returned: int = 0,
        *,
        spent: int = 0,
        heeds_loss: bool = False,
    ) -> Lease:
        """Up to `wanted` permits, valid for `validity_s` from the call on. Raises ThrottleUnavailable, on time.

        returned: permits of the lease before (of the same operator, by this object) that have not been and will not be
        spent; they are free at once. spent: in the last second, without a lease, while Redis was away. heeds_loss: if
        Redis knows of no replica, it may have forgotten what they spent; then nothing is granted for a second.
        """
        asked_at = time.monotonic()
        limit, window_s = (math.floor(tps), WINDOW_S) if tps >= 1 else (1, WINDOW_S / tps)
        earlier = self._last_grants.pop(operator_id, b"")
        counts_us = math.ceil((validity_s + window_s + MARGIN_S) * 1e6)
        call = self._lease_permits(
            keys=[f"smpp:throttle:{{{operator_id}}}:{part}" for part in ("grants", "counted", "replicas")],
            args=[wanted, limit, counts_us, replica_id, earlier, returned, spent, int(heeds_loss)],
        )
        answer = await answer_within(self._deadline_s, call, ThrottleUnavailable)
        granted, retry_us, replicas, self._last_grants[operator_id] = cast(tuple[int, int, int, bytes], answer)
        valid_for_s = validity_s - (time.monotonic() - asked_at)
        return Lease(granted, valid_for_s, retry_us / 1e6, replicas)

    async def close(self) -> None:
        """End the connection."""
        await self._client.aclose()
