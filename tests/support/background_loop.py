"""An event loop in a thread of its own, so that tests stay plain functions in the main thread."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from threading import Thread
from typing import Any, Self, TypeVar

from ending import end

DEADLINE_S = 30.0

Result = TypeVar("Result")


class BackgroundLoop:
    """Runs coroutines for callers in other threads; use it with `with`."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="background loop")
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.start(self._cancel_all()).result(DEADLINE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_S)
        self._loop.close()

    def start(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Runs it beside the caller."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, Result], within_s: float = DEADLINE_S) -> Result:
        """Its result; TimeoutError when there is none in time."""
        return self.start(asyncio.wait_for(work, within_s)).result()

    def call(self, function: Callable[[], Result]) -> Result:
        """The result of a plain function, called in the loop."""

        async def in_loop() -> Result:
            return function()

        return self.run(in_loop())

    async def _cancel_all(self) -> None:
        current = asyncio.current_task()
        await end(task for task in asyncio.all_tasks() if task is not current)
