"""What ends an actor's loop, and what does not."""

import asyncio
from queue import SimpleQueue
from typing import Any

import pytest

from actors.runtime import loop_thread
from actors.runtime.loop_thread import LoopThread

WAIT_S = 10.0
CLOSED = RuntimeError("unable to perform operation on <TCPTransport closed=True reading=False>; the handler is closed")


class SSLProtocol:
    """By this name uvloop's can be told from others."""


@pytest.fixture(autouse=True)
def no_loop_for_later_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork would wait for it to stand still."""
    monkeypatch.setattr(loop_thread, "_running", None)


def told_at_the_end(*contexts: dict[str, Any]) -> BaseException | None:
    """What the actor hears of errors that the loop was told of, the last of which ends it."""
    ended: SimpleQueue[BaseException | None] = SimpleQueue()

    async def main() -> None:
        for context in contexts:
            asyncio.get_running_loop().call_exception_handler(context)

    LoopThread(main, ended.put).start()
    return ended.get(timeout=WAIT_S)


def test_an_error_that_nobody_caught_ends_the_actor():
    error = ValueError("a bug")
    assert told_at_the_end({"message": "task failed", "exception": error}) is error


def test_tls_that_writes_to_a_closed_link_is_no_bug():
    assert told_at_the_end({"message": "fatal", "exception": CLOSED, "protocol": SSLProtocol()}) is None


@pytest.mark.parametrize(
    "context",
    [
        pytest.param({"exception": CLOSED, "protocol": object()}, id="not TLS"),
        pytest.param({"exception": RuntimeError("else"), "protocol": SSLProtocol()}, id="not a closed link"),
    ],
)
def test_anything_else_of_a_link_is_one(context: dict[str, Any]):
    assert told_at_the_end({"message": "fatal", **context}) is context["exception"]
