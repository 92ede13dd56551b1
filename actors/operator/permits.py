"""Permits for an OperatorActor: leased from Redis in blocks, or, while Redis is away, its share of the limit.

The actor is woken when there are new ones.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from actors.runtime.surroundings import surroundings
from adapters.redis_throttle import MARGIN_S, Lease, RedisThrottle, ThrottleUnavailable
from adapters.telemetry import metrics
from adapters.telemetry.logs import log_event
from config.operators import OperatorConfig
from core.permits import FULL_VALIDITY_S, Permits
from core.share import ShareOfLimit

IN_TOUCH_S = 3.0  # without a lease Redis is told that often that this replica is there
AWAY_RETRY_S = 0.5
LEAST_WAIT_S = 0.001

log = logging.getLogger(__name__)


class PermitSource:
    """`available` says how many may be spent now; when it is short, a lease is under way and `wake` follows."""

    def __init__(
        self,
        operator: OperatorConfig,
        wake: Callable[[], None],
        is_needed: Callable[[], bool],
        tell_others: Callable[[bool], None],
    ) -> None:
        """is_needed: whether anything can be sent at all. tell_others: that Redis answers this replica, or does not."""
        self._operator_id = operator.operator_id
        self._permits = Permits(operator.tps)
        self._share = ShareOfLimit(operator.tps, FULL_VALIDITY_S + MARGIN_S)
        self._wake = wake
        self._is_needed = is_needed
        self._tell_others = tell_others
        self._wanted = 0
        self._waiting: asyncio.Task[None] | None = None
        self._asked_at = 0.0
        self.state = "ok"

    async def start(self) -> None:
        settings = surroundings().settings
        self._replica_id = settings.connector_id
        self._throttle = RedisThrottle(settings.redis_url)
        self._wait_seconds = metrics.histogram("smpp_throttle_wait_seconds", operator=self._operator_id)

    def configure(self, operator: OperatorConfig) -> None:
        self._permits.configure(operator.tps)
        self._share.configure(operator.tps)

    def available(self, wanted: int, now: float) -> int:
        self._wanted = wanted
        left = min(wanted, self._permits.left(now) or self._share.left(now))
        if left < wanted and self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_task(self._wait())
        return left

    def spend(self, count: int, now: float) -> float:
        """Returns until when what they are spent on must be written (monotonic seconds)."""
        leased = self._permits.left(now) > 0
        self._permits.spend(count if leased else 0, now)
        self._share.spend(0 if leased else count, now)
        return self._permits.valid_until if leased else now + FULL_VALIDITY_S

    def came_late(self) -> None:
        """A session came to write when they were not valid any more."""
        self._permits.came_late()

    def used_tps(self, now: float) -> float:
        return self._permits.used_tps(now)

    async def keep_in_touch(self) -> None:
        """For ever: Redis is to know how many replicas there are, and this one how Redis is."""
        while True:
            await asyncio.sleep(AWAY_RETRY_S if self._share.is_away else IN_TOUCH_S)
            is_due = self._share.is_away or time.monotonic() - self._asked_at >= IN_TOUCH_S
            if is_due and self._is_needed():
                await self._ask(0, FULL_VALIDITY_S)

    async def heard(self, *, answers: bool) -> None:
        """Another replica says that Redis answers it, or asks whether it answers anybody."""
        if answers:
            self._share.heard(time.monotonic())
        elif not self._share.is_away and await self._ask(0, FULL_VALIDITY_S):
            self._tell_others(True)

    async def _wait(self) -> None:
        """Until there are permits, or nobody wants any."""
        asked_at = time.monotonic()
        try:
            while self._wanted and not await self._try():
                pass
        finally:
            self._waiting = None
        self._wait_seconds.observe(time.monotonic() - asked_at)
        self._wake()

    async def _try(self) -> bool:
        """Whether there are permits now; waits when there are none."""
        now = time.monotonic()
        if self._share.is_away:
            await asyncio.sleep(max(LEAST_WAIT_S, self._share.next_permit_s(now)))
            return self._share.left(time.monotonic()) > 0
        if wait_s := self._share.waits_s(now):
            await asyncio.sleep(wait_s)
            return False
        lease = await self._ask(*self._permits.wish(self._wanted, now))
        if lease is not None and not lease.granted:
            await asyncio.sleep(max(LEAST_WAIT_S, lease.retry_after_s))
        return lease is not None and lease.granted > 0

    async def _ask(self, wish: int, validity_s: float) -> Lease | None:
        """None when Redis is away."""
        self._asked_at = now = time.monotonic()
        try:
            lease = await self._throttle.lease(
                self._operator_id,
                self._replica_id,
                wish,
                self._permits.tps,
                validity_s,
                self._permits.unused(),
                spent=self._share.spent(now) if self._share.is_away else 0,
                heeds_loss=True,
            )
        except ThrottleUnavailable:
            self._share.failed(time.monotonic())
            self._set_state("Redis unavailable")
            self._tell_others(False)
            return None
        self._set_state("ok")
        if lease.granted:
            self._permits.granted(lease.granted, now + validity_s)
            if time.monotonic() >= now + validity_s:
                self._permits.came_late()
        if self._share.answered(lease.replicas, time.monotonic()):
            self._tell_others(True)
        return lease

    def _set_state(self, state: str) -> None:
        if state != self.state:
            self.state = state
            log_event(log, logging.WARNING, "throttle_state", state, operator_id=self._operator_id)
