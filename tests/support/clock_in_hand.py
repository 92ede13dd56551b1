"""Time that passes when a test says so, for code that reads `time.monotonic()` and sleeps with `asyncio.sleep()`."""

import asyncio
import heapq
import itertools

TURNS = 20  # of the event loop, for what has been woken to come to rest


class ClockInHand:
    """Stands for both modules: patch `time` and `asyncio` of the module under test with it."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._numbers), woken))
        await woken

    def get_running_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    async def settle(self) -> None:
        """Whatever can go on without more time does."""
        for _ in range(TURNS):
            await asyncio.sleep(0)

    async def pass_s(self, seconds: float) -> None:
        """Sleepers wake one after the other, each at its time."""
        await self.settle()
        end = self.now + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            self.now, _number, woken = heapq.heappop(self._sleepers)
            if not woken.cancelled():
                woken.set_result(None)
            await self.settle()
        self.now = end
