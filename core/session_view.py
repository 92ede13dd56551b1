"""One session as its OperatorActor sees it: its window, what it has in hand, its pauses."""

from dataclasses import dataclass, field

from core.order_queue import Order

FIRST_PAUSE_S = 0.5  # after ESME_RTHROTTLED or ESME_RMSGQFUL
MOST_PAUSE_S = 8.0


@dataclass(slots=True)
class SessionView:
    """Orders handed over and not reported on yet are `in_hand`; at most `window` of them.

    After a pause one order is the trial whether the SMSC takes more; a whole window would be refused as a whole.
    """

    name: str
    window: int
    endpoint: int
    bound: bool = False
    mode: str = ""
    reason: str = "not bound yet"
    in_hand: dict[int, Order] = field(default_factory=dict)
    paused_until: float = 0.0
    _pause_s: float = FIRST_PAUSE_S
    _on_trial: bool = False

    def free_slots(self, now: float) -> int:
        if not self.bound or now < self.paused_until:
            return 0
        return max(0, (1 if self._on_trial else self.window) - len(self.in_hand))

    def take_older_than(self, since: float) -> list[Order]:
        """Takes out of its hands what has been held since before that monotonic time."""
        old = [order for order in self.in_hand.values() if order.held_since < since]
        for order in old:
            del self.in_hand[order.key]
        return old

    def throttled(self, now: float) -> None:
        """The SMSC wants less: pause the whole session, longer each time until an answer is good again."""
        if now >= self.paused_until:
            self.paused_until = now + self._pause_s
            self._pause_s = min(2 * self._pause_s, MOST_PAUSE_S)
            self._on_trial = True

    def answered_well(self, now: float) -> None:
        """During a pause that is said of what went out before it, and tells nothing."""
        if now >= self.paused_until:
            self._forget_pauses()

    def bind(self, mode: str) -> None:
        """A new bind starts without the old one's pause."""
        self.bound, self.mode, self.reason = True, mode, ""
        self.paused_until = 0.0
        self._forget_pauses()

    def unbind(self, reason: str) -> None:
        self.bound, self.reason = False, reason

    def _forget_pauses(self) -> None:
        self._pause_s = FIRST_PAUSE_S
        self._on_trial = False
