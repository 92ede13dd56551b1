"""Replicas that hold bind leases as SessionActors do, with entries in a record in place of links to an SMSC."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field, replace

import msgspec

from adapters.redis_leases import BindLeases, Claim, Granted, LeasesUnavailable
from core.bind_lease import HeldLease

UNAVAILABLE_RETRY_S = 0.05


@dataclass
class Holding:
    """Binds that a replica had, in monotonic seconds; `until` is when its lease ends, while it still has them."""

    replica_id: str
    binds: int
    since: float
    until: float


@dataclass
class Record:
    """All that was ever held, in the order of the grants."""

    holdings: list[Holding] = field(default_factory=list)

    def held(self) -> dict[str, int]:
        """Binds that each replica has now."""
        held: dict[str, int] = {}
        for holding in self.holdings:
            if holding.until > time.monotonic():
                held[holding.replica_id] = held.get(holding.replica_id, 0) + holding.binds
        return held

    def most_held(self) -> int:
        """Binds at one moment, over all replicas; one that ends in that moment is no longer held."""
        changes = [(moment, binds) for holding in self.holdings for moment, binds in _changes(holding)]
        most = held = 0
        for _moment, binds in sorted(changes):
            held += binds
            most = max(most, held)
        return most


def _changes(holding: Holding) -> list[tuple[float, int]]:
    if holding.until <= holding.since:
        return []
    return [(holding.since, holding.binds), (holding.until, -holding.binds)]


class LeasingSession:
    """Asks until it has a lease, and renews that; it uses all the time it has, with none left for an unbind."""

    def __init__(self, leases: BindLeases, claim: Claim, record: Record) -> None:
        self._leases = leases
        self._claim = claim
        self._record = record
        self._leaving = asyncio.Event()
        self._is_dead = False

    def leave(self) -> None:
        """Unbind and release, as at SIGTERM."""
        self._leaving.set()

    def kill(self, running: asyncio.Task[None]) -> None:
        """As SIGKILL. Python 3.11 may lose the cancellation of a task whose call has just been answered."""
        self._is_dead = True
        running.cancel()

    async def run(self) -> None:
        while not self._is_ending():
            await self._pass(await self._try_once())

    async def _try_once(self) -> float:
        """Seconds until it asks again."""
        try:
            answer = await self._leases.acquire(self._claim)
            if self._is_dead:
                return 0
            if not isinstance(answer, Granted):
                return answer.retry_after_s
            await self._hold(HeldLease(answer.fencing_token, answer.ttl_s, answer.sent_at, unbind_s=0))
        except LeasesUnavailable:
            return UNAVAILABLE_RETRY_S
        return 0

    async def _hold(self, lease: HeldLease) -> None:
        holding = Holding(self._claim.replica_id, self._claim.binds, time.monotonic(), lease.must_unbind_at)
        self._record.holdings.append(holding)
        try:
            while not (lease.must_unbind(time.monotonic()) or lease.give_up or self._is_ending()):
                await self._pass(lease.look_at - time.monotonic())
                if lease.renew_due(time.monotonic()):
                    lease = await self._renew(lease)
                    holding.until = min(holding.until, time.monotonic()) if lease.is_lost else lease.must_unbind_at
        finally:
            holding.until = min(holding.until, time.monotonic())
        if not self._is_dead:
            await self._leases.release(self._claim, lease.fencing_token)

    def _is_ending(self) -> bool:
        return self._leaving.is_set() or self._is_dead

    async def _renew(self, lease: HeldLease) -> HeldLease:
        try:
            renewal = await self._leases.renew(self._claim, lease.fencing_token)
        except LeasesUnavailable:
            return replace(
                lease, retry_at=time.monotonic() + UNAVAILABLE_RETRY_S
            )  # for a TTL shorter than the real one
        if lease.must_unbind(time.monotonic()):
            return lease
        return lease.renewed(renewal.sent_at, renewal.give_up) if renewal.is_held else lease.lost()

    async def _pass(self, wait_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._leaving.wait(), max(0, wait_s))


class LeasingReplica:
    """`sessions` of them with the same claim; start, leave and kill it in one event loop."""

    def __init__(self, leases: BindLeases, claim: Claim, sessions: int, record: Record) -> None:
        claims = [msgspec.structs.replace(claim, session=f"s-{index}") for index in range(sessions)]
        self._sessions = [LeasingSession(leases, each, record) for each in claims]
        self._running: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._running = [asyncio.get_running_loop().create_task(session.run()) for session in self._sessions]

    def leave(self) -> None:
        for session in self._sessions:
            session.leave()

    def kill(self) -> None:
        for session, running in zip(self._sessions, self._running, strict=False):
            session.kill(running)
