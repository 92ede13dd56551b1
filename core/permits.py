"""Permits of the TPS limit as one replica holds them: leased in small blocks, one spent per submit_sm."""

import math

from core.recent_rate import RecentRate

SLOW_VALIDITY_S = 0.100  # far below the limit a permit may wait: fewer calls to Redis
FULL_VALIDITY_S = 0.012  # near it short blocks: what a block is valid for is lost to the limit
NEAR_LIMIT = 0.7  # of the TPS
MOST_STRETCH = 64  # times as long, where processes wait so long for a core that leases end unused
MOST_VALIDITY_S = 1.0
CALM_S = 2.0  # without a late one, before leases get shorter again


class Permits:
    """Spends what a lease granted while it is valid; times in monotonic seconds.

    The rate of the last second decides how long and how large the next lease should be. While leases end before they
    can be used, each is twice as long as the one before.
    """

    def __init__(self, tps: float) -> None:
        self.configure(tps)
        self._left = 0
        self._valid_until = 0.0
        self._spent = RecentRate()
        self._stretch = 1
        self._came_late = False
        self._calm_since = 0.0

    def configure(self, tps: float) -> None:
        """A new limit; it holds from the next lease on."""
        self._tps = tps

    @property
    def tps(self) -> float:
        return self._tps

    @property
    def valid_until(self) -> float:
        """Of what was granted last: after that moment nothing may be written on the strength of it."""
        return self._valid_until

    def left(self, now: float) -> int:
        return self._left if now < self._valid_until else 0

    def spend(self, count: int, now: float) -> None:
        self._left -= count
        self._spent.add(count, now)

    def granted(self, count: int, valid_until: float) -> None:
        self._left = count
        self._valid_until = valid_until

    def came_late(self) -> None:
        """Permits of the last lease were not valid any more when they were to be used."""
        self._came_late = True

    def unused(self) -> int:
        """Permits to hand back with the next lease; none are left afterwards."""
        left, self._left = self._left, 0
        return left

    def used_tps(self, now: float) -> float:
        """Rate of the last second or so."""
        return self._spent.per_s(now)

    def wish(self, waiting: int, now: float) -> tuple[int, float]:
        """(permits, validity in seconds) to lease for `waiting` submits."""
        self._stretch_or_relax(now)
        is_slow = self.used_tps(now) <= NEAR_LIMIT * self._tps and waiting <= self._tps * SLOW_VALIDITY_S
        validity_s = min(self._stretch * (SLOW_VALIDITY_S if is_slow else FULL_VALIDITY_S), MOST_VALIDITY_S)
        block = max(1, math.ceil(self._tps * validity_s))
        return max(min(waiting, block), min(block, 8) if is_slow else 1), validity_s

    def _stretch_or_relax(self, now: float) -> None:
        if self._came_late:
            self._stretch = min(2 * self._stretch, MOST_STRETCH)
        elif self._stretch > 1 and now - self._calm_since >= CALM_S:
            self._stretch //= 2
        else:
            return
        self._came_late = False
        self._calm_since = now
