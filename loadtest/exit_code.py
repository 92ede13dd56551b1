"""How a load test ends: with its own verdict, with one line where it came to none, or at Ctrl-C."""

import sys
from collections.abc import Callable
from http.client import HTTPException

import nats.errors
import psycopg

from adapters.postgres.errors import DatabaseError
from loadtest.bench.rig import NeverHappened
from sandbox.binaries import BinaryMissing
from sandbox.child import ServerError
from sandbox.demo.interruption import Interruption

FAILED, INTERRUPTED = 1, 130

# Servers, simulator and service, as they fail to start or to answer; anything else is a bug and shows its traceback.
FAILURES = (
    BinaryMissing,
    DatabaseError,
    HTTPException,
    NeverHappened,
    OSError,
    ServerError,
    nats.errors.Error,
    psycopg.Error,
)


def exit_code_of(load_test: Callable[[Interruption], int]) -> int:
    """What `load_test` returns; FAILED where one of FAILURES ends it, INTERRUPTED after Ctrl-C or SIGTERM.

    It is given what is to run its coroutines, so that an interruption clears away all that it has started.
    """
    try:
        with Interruption() as interruption:
            return load_test(interruption)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except FAILURES as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return FAILED
