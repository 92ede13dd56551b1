"""The lease of a session's binds, where the operator limits them over all replicas; without a limit there is none.

Why leases, and what they cost: docs/decisions/0013-bind-leases.md.
"""

import asyncio
import contextlib
import functools
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from actors.runtime.kill_timer import KillTimer
from actors.runtime.surroundings import surroundings
from adapters.redis_leases import BindLeases, Claim, Denied, Granted, LeasesUnavailable
from config.operators import OperatorConfig
from core.bind_lease import NO_LIMIT, WAITING, HeldLease
from messages.control import SessionAssignment

UNAVAILABLE_RETRY_S = 1.0

Leave = Callable[[str, float], None]
Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class LeaseDenied(Exception):
    """No bind is free now: why, and when to ask again."""

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class BindLease:
    """Taken before a connect, renewed until released.

    leave: begins to end the binds, or the attempt to make them, for a reason, by a time (monotonic seconds); it may be
    called again with another time, and the earliest counts. kill_timer: ends this process, and so its links, when that
    is not done in time, as when it stands still.
    """

    def __init__(
        self, assignment: SessionAssignment, session: str, leave: Leave, spawn: Spawn, kill_timer: KillTimer
    ) -> None:
        self._replica_id = f"{surroundings().settings.connector_id}.{surroundings().run_id}"
        self._endpoint = assignment.endpoint
        self._session = session
        self._leave = leave
        self._spawn = spawn
        self._kill_timer = kill_timer
        self._binds = 0  # that there are, or are being made
        self._claim: Claim | None = None
        self._held: HeldLease | None = None
        self._is_denied = False
        self._keeping: asyncio.Task[None] | None = None

    @functools.cached_property
    def _leases(self) -> BindLeases:
        """Made when there is a limit: the client takes 0.9 MiB in every session."""
        return BindLeases(surroundings().settings.redis_url)

    @property
    def state(self) -> str:
        if self._claim is None:
            return NO_LIMIT
        if self._held is None:
            return WAITING if self._is_denied else "none"
        return f"token {self._held.fencing_token}"

    def allows_traffic(self, now: float) -> bool:
        """Whether the binds are still ours. A process that was stopped for long may learn here, before any timer of
        its own has fired, that they are not."""
        return self._claim is None or (self._held is not None and not self._held.must_unbind(now))

    async def take(self, operator: OperatorConfig, binds: int) -> None:
        """Raises LeaseDenied."""
        self._claim = self._claim_for(operator, binds)
        if self._claim is not None:
            self._hold(await self._granted(self._leases.acquire(self._claim)))
            self._keep(self._renew())
        self._binds = binds

    def configure(self, operator: OperatorConfig) -> None:
        """Another limit holds from the next renewal on. One that is new asks for a lease for the binds that there are,
        one that is lifted gives theirs back."""
        if not self._binds:
            return
        claim = self._claim_for(operator, self._binds)
        if claim is None:
            self._lift()
        elif self._held is None:
            self._keep(self._adopt(claim))
        else:
            self._claim = claim

    async def release(self) -> None:
        """The links are closed; the binds are free for others."""
        self._binds = 0
        self._stop_keeping()
        self._kill_timer.disarm()
        held, self._held = self._held, None
        if held is not None and self._claim is not None:
            await self._give_back(self._claim, held)

    def _hold(self, held: HeldLease) -> None:
        self._held = held
        if not held.is_lost:
            self._kill_timer.set(held.killed_at - time.monotonic())

    def _lift(self) -> None:
        self._stop_keeping()
        self._kill_timer.disarm()
        if self._held is not None and self._claim is not None:
            self._spawn(self._give_back(self._claim, self._held))
        self._claim = self._held = None

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        self._stop_keeping()
        self._keeping = self._spawn(work)

    def _stop_keeping(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            self._keeping = None

    async def _give_back(self, claim: Claim, held: HeldLease) -> None:
        with contextlib.suppress(LeasesUnavailable):  # then it ends by itself
            await self._leases.release(claim, held.fencing_token)

    async def _granted(self, asking: Awaitable[Granted | Denied]) -> HeldLease:
        try:
            answer = await asking
        except LeasesUnavailable:
            self._is_denied = False
            raise LeaseDenied("no bind lease: Redis does not answer", UNAVAILABLE_RETRY_S) from None
        self._is_denied = isinstance(answer, Denied)
        if isinstance(answer, Denied):
            raise LeaseDenied(f"waits for a bind lease: {answer.reason.value}", answer.retry_after_s)
        return HeldLease(answer.fencing_token, answer.ttl_s, answer.sent_at)

    async def _adopt(self, claim: Claim) -> None:
        """Binds that were made without a limit stay while Redis does not answer, and while there is room for them."""
        while self._held is None:
            try:
                self._hold(await self._granted(self._leases.adopt(claim)))
            except LeaseDenied as denial:
                if self._is_denied:
                    self._leave("no bind is left under the new limit", _drain_deadline())
                    return
                await asyncio.sleep(denial.retry_after_s)
        self._claim = claim
        await self._renew()

    async def _renew(self) -> None:
        while self._held is not None and self._claim is not None:
            await asyncio.sleep(max(0.0, self._held.look_at - time.monotonic()))
            now = time.monotonic()
            if self._held.must_unbind(now):
                self._leave("bind lease lost", self._held.links_end_by)
                return
            self._hold(await self._renewed(self._held, self._claim, now))
            if self._held.give_up:
                self._leave("bind given up for another replica", _drain_deadline())

    async def _renewed(self, held: HeldLease, claim: Claim, now: float) -> HeldLease:
        try:
            renewal = await self._leases.renew(claim, held.fencing_token)
        except LeasesUnavailable:
            return held.unanswered(now)
        return held.renewed(renewal.sent_at, renewal.give_up) if renewal.is_held else held.lost()

    def _claim_for(self, operator: OperatorConfig, binds: int) -> Claim | None:
        if operator.bind.max_binds is None:
            return None
        return Claim(
            operator.operator_id, self._endpoint, self._replica_id, self._session, binds, operator.bind.max_binds
        )


def _drain_deadline() -> float:
    return time.monotonic() + surroundings().settings.drain_timeout_s
