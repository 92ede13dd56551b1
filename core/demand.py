"""How many messages an operator asks the router for: as many as it can use soon, and no more."""

import math

LOOKAHEAD_S = 0.5  # messages of so many seconds at full TPS may wait in the actor: enough to never run dry
LOOKAHEAD_LEAST = 16
ASK_AGAIN_BELOW = 0.5  # of the wanted number; in blocks, since every request wakes two processes


class DemandCount:
    """Counts what was asked for and has not come yet."""

    def __init__(self, tps: float) -> None:
        self.configure(tps)
        self.outstanding = 0

    def configure(self, tps: float) -> None:
        self._most_waiting = LOOKAHEAD_LEAST + math.ceil(tps * LOOKAHEAD_S)

    def arrived(self, count: int) -> None:
        self.outstanding = max(0, self.outstanding - count)

    def withdrawn(self) -> None:
        self.outstanding = 0

    def more(self, free_slots: int, waiting: int) -> int:
        """How many more to ask for now, counted as asked; 0 most of the time.

        free_slots: submit_sm that the windows of all bound sessions still take. waiting: queued in the actor.
        """
        useful = min(free_slots + LOOKAHEAD_LEAST, self._most_waiting) - waiting
        if self.outstanding > useful * ASK_AGAIN_BELOW:
            return 0
        count = max(0, useful - self.outstanding)
        self.outstanding += count
        return count
