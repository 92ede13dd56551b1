"""Permits from Redis for an OperatorActor: leases them in blocks and wakes the actor when there are new ones."""

import asyncio
import logging
import time
from collections.abc import Callable

from actors.runtime.surroundings import surroundings
from adapters.redis_throttle import RedisThrottle, ThrottleUnavailable
from adapters.telemetry import metrics
from adapters.telemetry.logs import log_event
from config.operators import OperatorConfig
from core.permits import Permits

UNAVAILABLE_RETRY_S = 0.5
LEAST_WAIT_S = 0.001

log = logging.getLogger(__name__)


class PermitSource:
    """`available` says how many may be spent now; when it is short, a lease is under way and `wake` follows."""

    def __init__(self, operator: OperatorConfig, wake: Callable[[], None]) -> None:
        self._operator_id = operator.operator_id
        self._permits = Permits(operator.tps)
        self._wake = wake
        self._wanted = 0
        self._leasing: asyncio.Task[None] | None = None
        self.state = "ok"

    async def start(self) -> None:
        settings = surroundings().settings
        self._replica_id = settings.connector_id
        self._throttle = RedisThrottle(settings.redis_url)
        self._wait_seconds = metrics.histogram("smpp_throttle_wait_seconds", operator=self._operator_id)

    def configure(self, operator: OperatorConfig) -> None:
        self._permits.configure(operator.tps)

    def available(self, wanted: int, now: float) -> int:
        self._wanted = wanted
        left = min(wanted, self._permits.left(now))
        if left < wanted and self._leasing is None:
            self._leasing = asyncio.get_running_loop().create_task(self._lease())
        return left

    def spend(self, count: int, now: float) -> None:
        self._permits.spend(count, now)

    def used_tps(self, now: float) -> float:
        return self._permits.used_tps(now)

    async def _lease(self) -> None:
        asked_at = time.monotonic()
        try:
            while self._wanted and not await self._lease_once():
                pass
        finally:
            self._leasing = None
        self._wait_seconds.observe(time.monotonic() - asked_at)
        self._wake()

    async def _lease_once(self) -> bool:
        """Whether there are permits now; waits as Redis says when there are none."""
        now = time.monotonic()
        wish, validity_s = self._permits.wish(self._wanted, now)
        try:
            lease = await self._throttle.lease(
                self._operator_id, self._replica_id, wish, self._permits.tps, validity_s, self._permits.unused()
            )
        except ThrottleUnavailable:
            self._set_state("Redis unavailable")
            await asyncio.sleep(UNAVAILABLE_RETRY_S)
            return False
        self._set_state("ok")
        if lease.granted:
            self._permits.granted(lease.granted, now + validity_s)
            return True
        await asyncio.sleep(max(LEAST_WAIT_S, lease.retry_after_s))
        return False

    def _set_state(self, state: str) -> None:
        if state != self.state:
            self.state = state
            log_event(log, logging.WARNING, "throttle_state", state, operator_id=self._operator_id)
