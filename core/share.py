"""The TPS limit while Redis is away: each replica keeps to the share it knew last, or to nothing.

A replica that alone has lost Redis must send nothing, for the others may use all of the limit. So it asks them; whoever
is answered by Redis says so. Whoever hears that stops at once. When Redis comes back, the first to notice tells the
others, and leases only when all of them have had the time to stop.
"""

from collections import deque
from math import floor, inf

LISTEN_S = 3.0  # from the last answer of Redis on, for the others to say that they have one; nothing is sent meanwhile
ASK_EVERY_S = 1.0
HEARD_FOR_S = 5.0  # so long what another replica has said is believed
RETURN_S = 1.5  # from the first answer on, for the others to notice it too
IN_TOUCH_S = 4.0  # within so long every replica asks Redis at least once; before, the others do not know of a new one


class ShareOfLimit:
    """Permits without Redis; times in monotonic seconds. held_s: how long a permit counts after it was spent."""

    def __init__(self, tps: float, held_s: float) -> None:
        self.configure(tps)
        self._held_s = held_s
        self._spent: deque[float] = deque()
        self._replicas = 0
        self._joined_at = inf
        self._answered_at = -inf
        self._away_since: float | None = None
        self._heard_at = -inf
        self._leases_from = -inf

    def configure(self, tps: float) -> None:
        self._tps = tps

    @property
    def is_away(self) -> bool:
        """Whether Redis has not answered the last time."""
        return self._away_since is not None

    def answered(self, replicas: int, now: float) -> bool:
        """Redis has answered and counts so many replicas. True: after so long an absence that the others must hear."""
        was_long = self.is_away and now - self._answered_at >= LISTEN_S
        if was_long:
            self._leases_from = now + RETURN_S
        self._away_since = None
        self._answered_at = now
        self._joined_at = min(self._joined_at, now)
        self._replicas = replicas
        return was_long

    def failed(self, now: float) -> None:
        """Redis has not answered."""
        if self._away_since is None:
            self._away_since = now

    def heard(self, now: float) -> None:
        """Redis has answered another replica."""
        self._heard_at = now

    def waits_s(self, now: float) -> float:
        """Time until permits may be leased; only while Redis is not away."""
        return max(0.0, self._leases_from - now)

    def left(self, now: float) -> int:
        """Permits that may be spent now."""
        if not self._may_share(now):
            return 0
        self._forget(now)
        permits, _window_s = self._share()
        return max(0, permits - len(self._spent))

    def spend(self, count: int, now: float) -> None:
        self._spent.extend([now] * count)

    def spent(self, now: float) -> int:
        """Permits of the last window, for Redis to count."""
        self._forget(now)
        return len(self._spent)

    def next_permit_s(self, now: float) -> float:
        """Time until there may be one; no longer than ASK_EVERY_S."""
        if not self._may_share(now) or not self._spent:
            return ASK_EVERY_S
        _permits, window_s = self._share()
        return min(ASK_EVERY_S, max(0.0, self._spent[0] + window_s + self._held_s - now))

    def _may_share(self, now: float) -> bool:
        if self._away_since is None:
            return False
        is_known_to_others = self._answered_at - self._joined_at >= IN_TOUCH_S
        was_in_touch = self._away_since - self._answered_at < IN_TOUCH_S
        others_had_time = now - self._answered_at >= LISTEN_S
        is_alone = now - self._heard_at < HEARD_FOR_S
        return is_known_to_others and was_in_touch and others_had_time and not is_alone

    def _share(self) -> tuple[int, float]:
        """(permits, seconds) of the sliding window: whole permits, in as short a window as they allow."""
        share = self._tps / self._replicas
        return (floor(share), 1.0) if share >= 1 else (1, 1.0 / share)

    def _forget(self, now: float) -> None:
        _permits, window_s = self._share() if self._replicas else (0, 1.0)
        while self._spent and self._spent[0] + window_s + self._held_s <= now:
            self._spent.popleft()
