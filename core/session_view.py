"""One session as its OperatorActor sees it: its window, what it has in hand, its pauses."""

from dataclasses import dataclass, field

from core.order_queue import Order

FIRST_PAUSE_S = 0.5  # after ESME_RTHROTTLED or ESME_RMSGQFUL
MOST_PAUSE_S = 8.0


@dataclass(slots=True)
class SessionView:
    """Orders handed over and not reported on yet are `in_hand`; at most `window` of them."""

    name: str
    window: int
    bound: bool = False
    endpoint: int = 0
    mode: str = ""
    reason: str = "not bound yet"
    in_hand: dict[int, Order] = field(default_factory=dict)
    paused_until: float = 0.0
    _pause_s: float = FIRST_PAUSE_S

    def free_slots(self, now: float) -> int:
        if not self.bound or now < self.paused_until:
            return 0
        return self.window - len(self.in_hand)

    def throttled(self, now: float) -> None:
        """The SMSC wants less: pause the whole session, longer each time until an answer is good again."""
        if now >= self.paused_until:
            self.paused_until = now + self._pause_s
            self._pause_s = min(2 * self._pause_s, MOST_PAUSE_S)

    def answered_well(self) -> None:
        self._pause_s = FIRST_PAUSE_S

    def bind(self, endpoint: int, mode: str) -> None:
        """A new bind starts without the old one's pause."""
        self.bound, self.endpoint, self.mode, self.reason = True, endpoint, mode, ""
        self.paused_until = 0.0
        self._pause_s = FIRST_PAUSE_S

    def unbind(self, reason: str) -> None:
        self.bound, self.reason = False, reason
