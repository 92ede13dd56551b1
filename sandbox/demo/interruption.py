"""Ctrl-C, once: the first one ends what is under way, and nothing disturbs the clearing away after it."""

import asyncio
import signal
from collections.abc import Coroutine
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """While it is in use, in the main thread, the first SIGINT, SIGTERM or SIGHUP raises KeyboardInterrupt.

    Why not as Python does it by itself: a second Ctrl-C would end the first one's clearing away, and SIGTERM would
    skip it. All of it passes through SIGINT, because that is what `interrupts_held` holds back.
    """

    def __init__(self) -> None:
        self._happened = False
        self._under_way: tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]] | None = None

    def __enter__(self) -> Self:
        self._previous = {signum: signal.getsignal(signum) for signum in _SIGNALS}
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTERM, _pass_on)
        if self._previous[signal.SIGHUP] is not signal.SIG_IGN:  # not under nohup
            signal.signal(signal.SIGHUP, _pass_on)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restores nothing after an interruption: the process is about to end, and one more must not disturb that."""
        if not self._happened:
            for signum, handler in self._previous.items():
                signal.signal(signum, handler)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """As asyncio.run, but an interruption cancels the work, and comes out when that is done.

        One that came before, in the middle of a finalizer or of an import, where Python swallows it, comes out here.
        """
        if self._happened:
            work.close()
            raise KeyboardInterrupt
        try:
            return asyncio.run(self._watched(work))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    async def _watched(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.current_task()
        assert task is not None
        self._under_way = (asyncio.get_running_loop(), task)
        try:
            return await work
        finally:
            self._under_way = None

    def _interrupt(self, _signum: int, _frame: FrameType | None) -> None:
        if self._happened:
            return
        self._happened = True
        if self._under_way is None:
            raise KeyboardInterrupt
        loop, task = self._under_way
        loop.call_soon_threadsafe(task.cancel)


def _pass_on(_signum: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)
