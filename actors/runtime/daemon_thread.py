"""Blocking calls from an event loop that may never return: in a daemon thread, which no exit waits for."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def in_daemon_thread(work: Callable[[], Result]) -> asyncio.Future[Result]:
    """Its result or exception. asyncio.to_thread would not do: asyncio.run joins its threads at the end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            _deliver(loop, future.set_exception, error, future)
        else:
            _deliver(loop, future.set_result, result, future)

    threading.Thread(target=run, daemon=True).start()
    return future


def _deliver(
    loop: asyncio.AbstractEventLoop, settle: Callable[..., None], value: object, future: asyncio.Future[Result]
) -> None:
    def settle_if_wanted() -> None:
        if not future.done():
            settle(value)

    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(settle_if_wanted)
