"""What the tests of the Redis adapters share.

The session-wide fixture `redis_server` (tests/conftest.py) gives the server: `url`. Each test has its own operator.
"""

import asyncio
import itertools
import os
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import uvloop

_numbers = itertools.count()


@pytest.fixture
def operator_id() -> str:
    """An operator that nobody has asked for anything yet."""
    return f"op-{os.getpid()}-{next(_numbers)}"


@pytest.fixture
def run() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Runs a coroutine to its end, all of one test in one loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner.run


@pytest.fixture
def refused_url() -> Iterator[str]:
    """Of a port of ours where nobody listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"redis://:open-sesame@127.0.0.1:{reserved.getsockname()[1]}/0"


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield f"redis://:open-sesame@127.0.0.1:{silent.getsockname()[1]}/0"
