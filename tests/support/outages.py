"""Servers that are away for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.process import ServerProcess


@contextmanager
def stopped(server: ServerProcess) -> Iterator[None]:
    """Without this server, which then comes back as it was."""
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def paused(server: ServerProcess) -> Iterator[None]:
    """With a server that accepts and never answers."""
    server.pause()
    try:
        yield
    finally:
        server.resume()
