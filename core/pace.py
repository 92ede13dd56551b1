"""How fast a bind may submit after its SMSC has asked for less: cut at once, raised step by step (AIMD)."""

from core.recent_rate import RecentRate

FIRST_PAUSE_S = 0.5  # after ESME_RTHROTTLED or ESME_RMSGQFUL
MOST_PAUSE_S = 8.0

CUT = 0.8  # of what the SMSC took last
RISE_PER_S = 0.02  # of the full rate: after the deepest cut it is back within a minute
LEAST_TPS = 1.0
BURST_S = 0.1  # what was not used for so long may be caught up
LEAST_WAIT_S = 0.01  # between two looks whether there is room: a wake-up costs more than a few ms of waiting


class Pace:
    """Has no limit of its own until the SMSC throttles, and none any more once it has risen to the full rate.

    Times in monotonic seconds. A throttled answer pauses the bind, longer each time until an answer is good again.
    After a pause one order is the trial whether the SMSC takes more; a whole window would be refused as a whole.
    """

    def __init__(self, full_tps: float) -> None:
        """full_tps: what the bind may submit when nothing holds it back."""
        self.full_tps = full_tps
        self.paused_until = 0.0
        self.on_trial = False
        self._pause_s = FIRST_PAUSE_S
        self._tps: float | None = None
        self._permits = 0.0
        self._counted_at = 0.0
        self._taken = RecentRate()

    @property
    def is_limited(self) -> bool:
        return self._tps is not None

    def room(self, now: float) -> int:
        """How many orders may go out now; ask only while it is limited."""
        self._count_up(now)
        return int(self._permits)

    def wait_s(self, now: float) -> float:
        """Seconds until there is room; 0 where nothing has to be waited for."""
        if now < self.paused_until:
            return self.paused_until - now
        if self._tps is None or self.on_trial or self.room(now):
            return 0.0
        return max(LEAST_WAIT_S, (1 - self._permits) / self._tps)

    def spend(self) -> None:
        """An order has gone out."""
        self._permits = max(0.0, self._permits - 1)

    def accepted(self, count: int, now: float) -> None:
        """During a pause that is said of what went out before it, and ends nothing."""
        self._taken.add(count, now)
        if now >= self.paused_until:
            self._pause_s = FIRST_PAUSE_S
            self.on_trial = False

    def throttled(self, now: float) -> bool:
        """Whether a pause begins; what is refused during one was sent before it."""
        if now < self.paused_until:
            return False
        self.paused_until = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, MOST_PAUSE_S)
        self.on_trial = True
        took_tps = self._taken.per_s(now) if self._tps is None else self._tps
        self._tps = min(self.full_tps, max(LEAST_TPS, CUT * took_tps))
        self._permits, self._counted_at = 0.0, self.paused_until
        return True

    def _count_up(self, now: float) -> None:
        passed_s = now - self._counted_at
        if self._tps is None or passed_s <= 0:
            return
        self._counted_at = now
        self._permits = min(self._permits + passed_s * self._tps, max(1.0, BURST_S * self._tps))
        self._tps += passed_s * RISE_PER_S * self.full_tps
        if self._tps >= self.full_tps:
            self._tps = None
