"""A server that can be stopped, started again, paused and killed, on one loopback port (Linux only)."""

import os
import signal
import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from sandbox.account import Account, own_account
from sandbox.child import Child, Surroundings
from sandbox.child import ServerError as ServerError  # raised by all that is here
from sandbox.interrupts import interrupts_held

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0


def reserve_port() -> socket.socket:
    """A socket that holds a loopback port chosen by the kernel for a server of ours, as long as it is open.

    It never listens, so a server with SO_REUSEADDR (all of ours) can listen there, and while none does connections
    are refused. Merely asking for a free port and trying again when it was taken meanwhile would not do: a server
    that was stopped must get the same port again.
    """
    reservation = socket.socket()
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reservation.bind((LOOPBACK, 0))
    return reservation


class ServerProcess(ABC):
    """One server, with everything it writes inside its own private directory.

    Start it with `with`, or with `start` and, whatever happens, `close`. `launch` and `wait_ready` are the halves of
    `start`, for starting several side by side. Port and data stay the same from start to start.
    """

    name: ClassVar[str]
    ready_line: ClassVar[str]  # logged when it listens
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    death_signal: ClassVar[signal.Signals] = signal.SIGKILL  # what it gets when the launcher has died

    def __init__(self, directory: Path, account: Account | None = None) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        self.directory = directory
        self.log_file = directory / f"{self.name}.log"
        self._account = account or own_account()
        self._child: Child | None = None
        self._reservation = reserve_port()
        self.port: int = self._reservation.getsockname()[1]

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """Program and arguments for listening on `port`."""

    def environment(self) -> Mapping[str, str]:
        """All that the server sees of an environment: nothing of ours."""
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    @property
    def running(self) -> bool:
        """True from `launch` until the process has ended, by itself or by us."""
        return self._child is not None and self._child.running

    @property
    def child(self) -> Child:
        """The running process; ServerError when there is none."""
        if self._child is None or not self._child.running:
            raise ServerError(f"{self.name} is not running")
        return self._child

    def start(self) -> None:
        """Start it, first or again, and return when it listens; on ServerError it is not running."""
        try:
            self.launch()
            self.wait_ready()
        except BaseException:
            self.stop()
            raise

    def launch(self) -> None:
        """Start the process without waiting for it to listen."""
        self._spawn(self.command(), self.death_signal)

    def wait_ready(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until it listens; ServerError when it ends or `timeout_s` passes before."""
        if self._child is None:
            raise ServerError(f"{self.name} has not been launched")
        self._child.await_log(self.ready_line, timeout_s)

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Let it end in its own way, and kill it after `timeout_s`."""
        if self._child is not None:
            self._child.end(self.stop_signal, timeout_s)

    def request_stop(self) -> None:
        """The first half of `stop`, for stopping several side by side."""
        if self._child is not None:
            self._child.request_end(self.stop_signal)

    def kill(self) -> None:
        """SIGKILL to it and its children, all at once, as when the machine dies."""
        if self._child is not None:
            self._child.kill()

    def pause(self) -> None:
        """SIGSTOP to it and its children: connections stay open and nothing answers."""
        self.child.pause()

    def resume(self) -> None:
        """SIGCONT: the end of `pause`."""
        self.child.resume()

    def close(self) -> None:
        """Stop it and give its port back; may be called twice."""
        with interrupts_held():
            self.stop()
            self._reservation.close()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _spawn(self, command: Sequence[str | Path], death_signal: signal.Signals) -> Child:
        around = Surroundings(self.directory, self.log_file, self._account, self.environment(), death_signal)
        with interrupts_held():
            self._child = Child(command, around)
        return self._child
