"""One timer for several moments: it rings at the earliest."""

import asyncio
import math
import time
from collections.abc import Callable


class Alarm:
    """For one event loop. `ring` looks at the clock itself, and sets the alarm again if there is more to come.

    A handle of the loop does not do in its place: uvloop gives one without `when` for what is due within half a
    millisecond.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._at = math.inf
        self._timer: asyncio.Handle | None = None

    def set(self, at: float) -> None:
        """Ring at that moment (monotonic seconds), or soon if it is past; nothing when it rings before anyway."""
        if at < self._at:
            self.cancel()
            self._at = at
            delay_s = max(0.0, at - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._rings)

    def cancel(self) -> None:
        """Forget every moment."""
        self._at = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rings(self) -> None:
        self._at = math.inf
        self._timer = None
        self._ring()
