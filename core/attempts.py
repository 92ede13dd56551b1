"""How often a segment has been answered with anything but its acceptance, and when it is tried again."""

from dataclasses import dataclass

from config.answers import Action
from config.operators import RetryConfig
from core.order_queue import Order

RETRY_DELAYS_S = (1.0, 5.0, 20.0, 60.0)  # a fault of an SMSC passes in seconds, its restart takes a minute or two
AT_ONCE_S = 0.0  # on the same bind, once its pause is over

DELAYS_S = {
    # After three times others may try: it may be this segment alone, for its destination's queue, that is not taken.
    Action.RETRY_BIND: (AT_ONCE_S, AT_ONCE_S, AT_ONCE_S, *RETRY_DELAYS_S),
    Action.RETRY_ELSEWHERE: RETRY_DELAYS_S,
    Action.OPERATOR_TROUBLE: RETRY_DELAYS_S,
}
"""By how often an answer of that kind has come; the last one stays. What is not here is not tried again."""

MAX_REMEMBERED = 100_000  # segments; one that is forgotten here begins its count anew


@dataclass(slots=True)
class _Tries:
    """failed: answers that say something of the segment. held_up: answers that say something of the bind."""

    first_at: float
    failed: int = 0
    held_up: int = 0


class Attempts:
    """Counts by message and segment, because a redelivery brings the same segment as another order.

    Times in monotonic seconds. What was never sent is no attempt.
    """

    def __init__(self, limits: RetryConfig) -> None:
        self.configure(limits)
        self._tries: dict[tuple[str, int], _Tries] = {}

    def configure(self, limits: RetryConfig) -> None:
        """New limits, for what has been tried too."""
        self._limits = limits

    def retry_after_s(self, order: Order, action: Action, now: float) -> float | None:
        """Counts an answer that calls for this action: seconds to the next attempt, None when there is to be none."""
        delay_s = self._delay_s(order, action, now) if action in DELAYS_S else None
        if delay_s is None:
            self.forget(order)
        return delay_s

    def forget(self, order: Order) -> None:
        if self._tries:
            self._tries.pop(_segment(order), None)

    def _delay_s(self, order: Order, action: Action, now: float) -> float | None:
        tries = self._tried(order, now)
        if action is Action.RETRY_ELSEWHERE:
            tries.failed += 1
            count = tries.failed
        else:
            tries.held_up += 1
            count = tries.held_up
        delays_s = DELAYS_S[action]
        delay_s = delays_s[min(count, len(delays_s)) - 1]
        is_too_often = tries.failed >= self._limits.attempts
        is_too_old = now + delay_s - tries.first_at > self._limits.age_s
        return None if is_too_often or is_too_old else delay_s

    def _tried(self, order: Order, now: float) -> _Tries:
        """The segment that was tried last is forgotten last."""
        tries = self._tries.pop(_segment(order), None) or _Tries(now)
        self._tries[_segment(order)] = tries
        while len(self._tries) > MAX_REMEMBERED:
            del self._tries[next(iter(self._tries))]
        return tries


def _segment(order: Order) -> tuple[str, int]:
    return (order.context.message_id, order.context.segment)
