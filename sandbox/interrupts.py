"""Keeps Ctrl-C out of the few steps that must not be left half done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold SIGINT back while the block runs, and deliver it when the block has ended.

    A handler and not a signal mask: a mask is inherited by children, and does not hold in a process with threads.
    Outside the main thread there is nothing to hold, KeyboardInterrupt is never raised there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda signum, _frame: held.append(signum))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
        if held:
            signal.raise_signal(signal.SIGINT)
