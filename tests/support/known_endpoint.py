"""An operator's endpoint of which Redis has heard before.

Of a new one it leases nothing before the longest lease that it may have forgotten would have ended.
"""

import asyncio

from adapters.redis_leases import BindLeases, Claim, Denied

MOMENT_S = 0.05


async def make_known(redis_url: str, operator_id: str) -> None:
    """From now on the binds of its first endpoint are leased at once."""
    leases = BindLeases(redis_url, ttl_s=MOMENT_S)
    claim = Claim(operator_id, endpoint=0, replica_id="first", session="first", binds=1, max_binds=1)
    while isinstance(answer := await leases.acquire(claim), Denied):
        await asyncio.sleep(MOMENT_S / 5)
    await leases.release(claim, answer.fencing_token)
    await leases.close()
