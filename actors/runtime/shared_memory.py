"""What is loaded before the first fork stays in memory once for all actors, as long as nobody writes to its pages.

CPython does write: whoever uses an object counts the reference in the object itself, and the kernel then copies the
page for this process alone. Figures: docs/performance.md, Memory.
"""

import ctypes
import gc
import os
import sys
from collections.abc import Iterable
from types import CodeType

HAS_IMMORTALS = sys.version_info >= (3, 12) and "t" not in sys.abiflags
"""PEP 683: a reference count with this bit set is never written again. Python itself sets it in None, True and such.

Not in a free-threaded build, whose objects begin with something else.
"""

IMMORTAL = 1 << 31
COUNT_BYTES = 4


def keep_shared() -> None:
    """To be called in the process that forks the actors, when all is loaded that they use."""
    sys.modules.setdefault("setproctitle", None)  # type: ignore[arg-type]  # Thespian would search for it in each actor
    gc.collect()
    if HAS_IMMORTALS:
        _make_immortal()
    else:
        sys._clear_type_cache()  # an actor that fills it anew lets go of a name, somewhere, for each entry
    gc.freeze()
    os.register_at_fork(after_in_child=gc.freeze)  # what a parent leaves, too: a collection writes to all of it


def _make_immortal() -> None:
    """Everything that there is. It is here to stay anyway: modules, classes, functions, settings."""
    waiting = gc.get_objects()
    for one in waiting:
        _stop_counting(one)
    while waiting:
        for other in _referents(waiting.pop()):
            if sys.getrefcount(other) < IMMORTAL:
                _stop_counting(other)
                waiting.append(other)


def _stop_counting(one: object) -> None:
    ctypes.memset(id(one), 0xFF, COUNT_BYTES)  # CPython's objects begin with the count


def _referents(one: object) -> Iterable[object]:
    """gc.get_referents tells nothing of code."""
    if isinstance(one, CodeType):
        names = (*one.co_varnames, *one.co_cellvars, *one.co_freevars)
        tables = (one.co_consts, one.co_names, one.co_linetable, one.co_exceptiontable)
        return (*tables, *names, one.co_name, one.co_qualname, one.co_filename)
    return gc.get_referents(one)
