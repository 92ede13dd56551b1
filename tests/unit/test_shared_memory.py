"""What actors are forked from: run in a process of its own, because it cannot be undone."""

import subprocess
import sys

from actors.runtime.shared_memory import HAS_IMMORTALS

PREPARED = """
import sys
from actors.runtime.shared_memory import keep_shared
from config import operators

class Shared: pass

shared = Shared()
keep_shared()
"""


def in_a_process(script: str) -> str:
    command = [sys.executable, "-c", PREPARED + script]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_references_to_what_was_loaded_are_not_counted_any_more_from_python_3_12_on() -> None:
    function = "operators.OperatorConfig.__post_init__"
    counted = f"""
def counts(): return [sys.getrefcount(one) for one in (shared, Shared, {function}, {function}.__code__.co_consts)]

before = counts()
more = [shared, Shared, {function}, {function}.__code__.co_consts] * 1000
print(counts() == before)
"""
    assert in_a_process(counted) == f"{HAS_IMMORTALS}\n"


def test_what_is_made_later_is_freed() -> None:
    freed = """
import weakref

later = Shared()
seen = weakref.ref(later)
del later
print(seen())
"""
    assert in_a_process(freed) == "None\n"


def test_thespian_finds_no_setproctitle_without_a_search() -> None:
    found = "print(sys.modules['setproctitle'])"
    assert in_a_process(found) == "None\n"


def test_what_an_actor_inherits_from_its_parent_is_not_collected_in_it() -> None:
    inherited = """
import gc, os

gc.disable()
one = Shared()
one.itself = one
del one
Shared.__del__ = lambda self: print("collected", flush=True)
if os.fork() == 0:
    gc.collect()
    print("looked", flush=True)
    os._exit(0)
os.wait()
os._exit(0)
"""
    assert in_a_process(inherited) == "looked\n"
