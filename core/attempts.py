"""How often a segment has failed to get a useful answer, and when it is tried again."""

from core.order_queue import Order

RETRY_DELAYS_S = (1.0, 5.0, 20.0, 60.0)  # a fault of an SMSC passes in seconds, its restart takes a minute or two
MAX_ATTEMPTS = len(RETRY_DELAYS_S) + 1  # of one segment
MAX_REMEMBERED = 100_000  # segments; one that is forgotten here begins its count anew


class Attempts:
    """Counts by message and segment, because a redelivery brings the same segment as another order.

    What the SMSC throttled and what was never sent is no attempt.
    """

    def __init__(self) -> None:
        self._failed: dict[tuple[str, int], int] = {}

    def retry_after_s(self, order: Order) -> float | None:
        """Counts an attempt that failed: the wait before the next one, None when there is to be none."""
        segment = (order.context.message_id, order.context.segment)
        failed = self._failed.pop(segment, 0)
        if failed >= len(RETRY_DELAYS_S):
            return None
        self._failed[segment] = failed + 1
        while len(self._failed) > MAX_REMEMBERED:
            del self._failed[next(iter(self._failed))]
        return RETRY_DELAYS_S[failed]

    def forget(self, order: Order) -> None:
        self._failed.pop((order.context.message_id, order.context.segment), None)
