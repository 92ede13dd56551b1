"""The binds of an operator endpoint, over all replicas together: a lease in Redis for each session that has any.

Primary and backup are different SMSCs, each with a limit of its own: leases are counted per (operator_id, endpoint).
"""

import math
import time
from enum import Enum
from importlib import resources
from typing import cast

from msgspec import Struct

from adapters.redis_client import answer_within, open_client

DEADLINE_S = 0.5
TTL_S = 10.0  # a dead replica's binds are free after it; a live one keeps its binds for TTL_S - 2 s without Redis
RETRY_S = 0.5  # a free bind is to be taken within 2 s
ADOPTED_TOKEN = 1  # below every one that is granted
SCRIPT = resources.files("adapters").joinpath("redis_leases.lua").read_text("utf-8")


class LeasesUnavailable(Exception):
    """Redis did not answer in time: nobody knows whether a bind is free, so none may be made."""


class Refusal(Enum):
    """Why there is no lease; for logs and the dump."""

    ALL_TAKEN = "all taken"
    LEFT_TO_OTHERS = "left to others"  # replicas that hold fewer wait for the free ones
    MAYBE_LOST = "leases may have been lost"  # Redis is new to this endpoint, or was restarted: wait one TTL
    NEVER_ENOUGH = "never enough"  # the session needs more than max_binds


class Claim(Struct, frozen=True):
    """A session and the binds it needs at one endpoint of an operator.

    endpoint: its index. replica_id: another for each run of a service, since a session that asks again gets its own
    binds back at once: the links of the process that had them must be closed, as they are when it is dead. binds: 1 for
    a transceiver, 2 for a transmitter with a receiver. max_binds: of the endpoint, over all replicas.
    """

    operator_id: str
    endpoint: int
    replica_id: str
    session: str
    binds: int
    max_binds: int


class Granted(Struct, frozen=True):
    """The binds may be made. The lease ends ttl_s after sent_at (monotonic seconds), before it does so in Redis.

    fencing_token: rises from grant to grant of an endpoint; a lease is renewed and released with its own alone.
    """

    fencing_token: int
    ttl_s: float
    sent_at: float


class Denied(Struct, frozen=True):
    """The session waits, as long as it asks again every retry_after_s."""

    retry_after_s: float
    reason: Refusal


class Renewal(Struct, frozen=True):
    """is_held: the lease now counts from sent_at (monotonic seconds); else it has ended: unbind at once.

    give_up: another replica waits for these binds, or max_binds was lowered: drain, unbind, release.
    """

    is_held: bool
    give_up: bool
    sent_at: float


class BindLeases:
    """Leases the binds of sessions. For one event loop. All calls raise LeasesUnavailable, on time.

    At no time are more than max_binds leased, provided that each holder has unbound when its lease ends by its own
    clock; that of Redis may be set forward and back. Leases outlast a Redis that forgets them: their
    holders go on renewing, and for one TTL nobody else gets any. So too for an endpoint that Redis has never seen.
    """

    def __init__(self, url: str, deadline_s: float = DEADLINE_S, ttl_s: float = TTL_S) -> None:
        self._client = open_client(url)
        self._call_script = self._client.register_script(SCRIPT)
        self._deadline_s = deadline_s
        self._ttl_s = ttl_s

    async def acquire(self, claim: Claim) -> Granted | Denied:
        """To be asked before connecting, with no link of the session open.

        A lease that the session still has is replaced by the new one; when that is denied, it stays until it ends.
        """
        sent_at = time.monotonic()
        token, reason = cast(tuple[int, bytes], await self._call("acquire", claim))
        if token:
            return Granted(token, self._ttl_s, sent_at)
        return Denied(RETRY_S, Refusal(reason.decode()))

    async def adopt(self, claim: Claim) -> Granted | Denied:
        """To be asked for binds that were made when there was no limit yet, which are not to end for its coming."""
        renewal = await self.renew(claim, ADOPTED_TOKEN)  # an endpoint that is new to Redis believes it
        if renewal.is_held:
            return Granted(ADOPTED_TOKEN, self._ttl_s, renewal.sent_at)
        return await self.acquire(claim)

    async def renew(self, claim: Claim, fencing_token: int) -> Renewal:
        """To be asked three times in a TTL, from the grant on, while connecting and while bound."""
        sent_at = time.monotonic()
        is_held, give_up = cast(tuple[int, int], await self._call("renew", claim, fencing_token))
        return Renewal(bool(is_held), bool(give_up), sent_at)

    async def release(self, claim: Claim, fencing_token: int = 0) -> None:
        """To be told when the links are closed. Without a token: the session waits no more."""
        await self._call("release", claim, fencing_token)

    async def close(self) -> None:
        """End the connection."""
        await self._client.aclose()

    async def _call(self, operation: str, claim: Claim, fencing_token: int = 0) -> object:
        ttl_ms = math.ceil(self._ttl_s * 1000)
        whose = (claim.replica_id, claim.session, claim.binds, claim.max_binds)
        call = self._call_script(
            keys=[f"smpp:binds:{{{claim.operator_id}}}:{claim.endpoint}"],
            args=[operation, *whose, ttl_ms, fencing_token],
        )
        return await answer_within(self._deadline_s, call, LeasesUnavailable)
