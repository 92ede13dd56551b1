"""How the tree is collected from actors that hang: lanes that someone serves and nobody answers."""

import asyncio
import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from actors.inspection import collect, nodes_of
from actors.names import CONNECTOR, DISPATCH_ROUTER, operator_name, session_name

TIMEOUT_S = 0.3
AT_ONCE_S = 10.0  # far below the sum of the timeouts

OPERATORS = [f"op{number}" for number in range(100)]
NAMES = [CONNECTOR, DISPATCH_ROUTER, *map(operator_name, OPERATORS), *(session_name(one, 0, 0) for one in OPERATORS)]

Hang = Callable[..., None]


@pytest.fixture
def hang(tmp_path: Path) -> Iterator[Hang]:
    """Serves a lane and never looks at it."""
    with ExitStack() as serving:

        def serve(name: str, backlog: int = 64) -> None:
            listener = serving.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(tmp_path / name))
            listener.listen(backlog)

        yield serve


def test_a_service_whose_every_actor_hangs_is_shown_after_one_timeout(hang: Hang, tmp_path: Path):
    for name in NAMES:
        hang(name)
    began = time.monotonic()
    tree = asyncio.run(collect(tmp_path, TIMEOUT_S))
    took_s = time.monotonic() - began

    assert tree is not None
    assert {(node["name"], node["state"], node["pid"]) for node in nodes_of(tree)} == {
        (name, "no answer", os.getpid()) for name in NAMES
    }
    assert TIMEOUT_S <= took_s < AT_ONCE_S < len(NAMES) * TIMEOUT_S


def test_an_actor_that_hangs_for_so_long_that_nobody_can_ask_any_more_is_still_shown(hang: Hang, tmp_path: Path):
    hang(CONNECTOR, backlog=0)
    trees = [asyncio.run(collect(tmp_path, 0.01)) for _ in range(3)]

    assert [tree and tree["state"] for tree in trees] == ["no answer"] * 3


def test_a_lane_that_a_dead_actor_has_left_is_none(tmp_path: Path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / CONNECTOR))

    assert asyncio.run(collect(tmp_path, TIMEOUT_S)) is None


def test_a_service_whose_root_is_not_there_runs_and_is_starting(tmp_path: Path):
    lanes = tmp_path / "lanes"
    lanes.mkdir()
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        while_held = asyncio.run(collect(lanes))

    assert while_held == {
        "actor": "Connector",
        "name": CONNECTOR,
        "pid": 0,
        "state": "starting",
        "since": "",
        "restarts": 0,
        "children": [],
    }
    assert asyncio.run(collect(lanes)) is None
