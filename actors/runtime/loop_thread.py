"""The second and last thread of an actor process: one asyncio loop in which the actor's work runs.

The main thread is Thespian's. Control messages enter the loop through `call`; nothing else is shared. While the main
thread forks a child, the loop stands still at a known point, so that no lock of it is copied in a locked state.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

FORK_PAUSE_S = 2.0  # longest wait for the loop to stand still; a longer turn of the loop is a bug

CLOSED = "the handler is closed"  # in uvloop's words

_running: "LoopThread | None" = None
_inherited: list[object] = []  # a parent's loop, never collected here: its end would unregister our descriptors


class LoopThread:
    """Runs `main()` to its end in a loop of its own; `ended` gets its exception, or None."""

    def __init__(self, main: Callable[[], Coroutine[Any, Any, None]], ended: Callable[[BaseException | None], None]):
        self._main = main
        self._ended = ended
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="loop", daemon=True)
        self._parked = threading.Event()
        self._resume = threading.Event()

    def start(self) -> None:
        global _running
        _running = self
        self._thread.start()

    def call(self, callback: Callable[..., object], *arguments: object) -> None:
        """Run it in the loop; safe from any thread."""
        self._loop.call_soon_threadsafe(callback, *arguments)

    def park(self) -> None:
        """Let the loop stand still until `resume`."""
        self._parked.clear()
        self._resume.clear()
        self.call(self._stand_still)
        self._parked.wait(FORK_PAUSE_S)

    def resume(self) -> None:
        self._resume.set()

    def _stand_still(self) -> None:
        self._parked.set()
        self._resume.wait(FORK_PAUSE_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(self._fail)
        try:
            self._loop.run_until_complete(self._main())
        except BaseException as error:
            self._ended(error)
        else:
            self._ended(None)

    def _fail(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not _is_of_a_closed_tls_link(context):
            self._ended(context.get("exception") or RuntimeError(context["message"]))


def _is_of_a_closed_tls_link(context: dict[str, Any]) -> bool:
    """uvloop's TLS may write once more to a link that we have closed, and then complains (MagicStack/uvloop #506).

    Seen at a stop while credentials are asked for. Whoever closed the link knows; there is nothing else to lose.
    """
    is_tls = type(context.get("protocol")).__name__ == "SSLProtocol"
    return is_tls and isinstance(context.get("exception"), RuntimeError) and CLOSED in str(context["exception"])


def _before_fork() -> None:
    if _running is not None:
        _running.park()


def _after_fork_in_parent() -> None:
    if _running is not None:
        _running.resume()


def _after_fork_in_child() -> None:
    global _running
    if _running is not None:
        _inherited.append(_running)
        _running = None


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
