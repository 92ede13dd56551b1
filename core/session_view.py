"""One session as its OperatorActor sees it: its window, what it has in hand, its pace."""

from dataclasses import dataclass, field

from core.order_queue import Order
from core.pace import Pace


@dataclass(slots=True)
class SessionView:
    """Orders handed over and not reported on yet are `in_hand`; at most `window` of them. Times: monotonic."""

    name: str
    window: int
    endpoint: int
    pace: Pace
    bound: bool = False
    mode: str = ""
    reason: str = "not bound yet"
    in_hand: dict[int, Order] = field(default_factory=dict)

    def free_slots(self, now: float) -> int:
        if not self.bound or now < self.pace.paused_until:
            return 0
        if self.pace.on_trial:
            return max(0, 1 - len(self.in_hand))
        free = max(0, self.window - len(self.in_hand))
        return min(free, self.pace.room(now)) if self.pace.is_limited else free

    def hand_over(self, order: Order) -> None:
        self.in_hand[order.key] = order
        if self.pace.is_limited:
            self.pace.spend()

    def held_back_s(self, now: float) -> float:
        """Seconds until its pace lets it take more; 0 where something else, or nothing, is in the way."""
        return self.pace.wait_s(now) if self.bound else 0.0

    def take_older_than(self, since: float) -> list[Order]:
        """Takes out of its hands what has been held since before that monotonic time."""
        old = [order for order in self.in_hand.values() if order.held_since < since]
        for order in old:
            del self.in_hand[order.key]
        return old

    def bind(self, mode: str) -> None:
        """A new bind starts without the old one's pause and pace."""
        self.bound, self.mode, self.reason = True, mode, ""
        self.pace = Pace(self.pace.full_tps)

    def unbind(self, reason: str) -> None:
        self.bound, self.reason = False, reason
