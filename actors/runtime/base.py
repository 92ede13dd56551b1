"""The base actor: Thespian's traps closed once for all. An actor's work is a Body, which runs in the loop thread.

- A handler that raises would be run again by Thespian with a deep copy, and its message logged. Here nothing raises:
  a bug ends the process at once, its parent starts it anew.
- `send` and `createActor` are only safe in the main thread. Bodies queue what must leave; a socketpair in the
  ThespianWatch wakes the main thread, and every receiveMessage returns the watch again.
- Thespian sends all logging through one process; here each actor writes its own JSON lines.
"""

import contextlib
import gc
import logging
import os
import signal
import socket
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from thespian.actors import (
    Actor,
    ActorAddress,
    ActorExitRequest,
    ChildActorExited,
    ThespianWatch,
    WatchMessage,
)

from actors.names import ids_of
from actors.runtime.body import Body, Child
from actors.runtime.lifeline import die_with_parent
from actors.runtime.loop_thread import LoopThread
from actors.runtime.surroundings import surroundings
from adapters.telemetry import logs, tracing
from adapters.telemetry.logs import log_event
from messages.control import Ping, Pong, Start, Started

BUG_EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h

COLLECT_EVERY = 32  # messages: each leaves up to 0.9 kB of cycles in Thespian, of which an idle actor would keep 4 MiB

log = logging.getLogger(__name__)

Errand = Callable[[], None]


class _Process(NamedTuple):
    """Of a child; pid 0 when it could not be told apart."""

    address: ActorAddress
    pid: int


class BaseActor(Actor):  # type: ignore[misc]  # Thespian has no type hints
    """Shell of one actor process: mailbox, children, and the thread in which its Body works."""

    body_class: ClassVar[type[Body]]

    def __init__(self) -> None:
        super().__init__()
        self._parent: ActorAddress | None = None
        self._errands: deque[Errand] = deque()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._processes: dict[Child, _Process] = {}
        self._body: Body | None = None
        self._messages = 0
        self._loop_thread: LoopThread | None = None

    def receiveMessage(self, message: Any, sender: ActorAddress) -> ThespianWatch:
        try:
            self._receive(message, sender)
            self._collect_now_and_then()
        except BaseException as error:
            self._end_by_bug(error)
        return ThespianWatch([self._wake_in.fileno()])

    def _receive(self, message: Any, sender: ActorAddress) -> None:
        if isinstance(message, WatchMessage):
            self._run_errands()
        elif isinstance(message, Start):
            self._start(message, sender)
        elif isinstance(message, ChildActorExited):
            self._child_exited(message.childAddress)
        elif isinstance(message, Ping):
            self._answer(sender)
        elif isinstance(message, ActorExitRequest):
            return  # Thespian does the rest, and looks at our descriptor to the end: its number must not be another's
        elif self._loop_thread is not None and self._body is not None:
            self._loop_thread.call(self._body.receive, message, self._child_at(sender))

    def _answer(self, sender: ActorAddress) -> None:
        """By way of the loop, which must not hang either."""
        if self._loop_thread is not None and self._body is not None:
            pong = Pong(self._body.name)
            self._loop_thread.call(self._run_in_main, lambda: self.send(sender, pong))

    def _collect_now_and_then(self) -> None:
        self._messages += 1
        if self._messages % COLLECT_EVERY == 0:
            gc.collect()

    def _start(self, start: Start, parent: ActorAddress) -> None:
        if self._body is not None:
            return
        die_with_parent()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        settings = surroundings().settings
        operator_id, session = ids_of(start.name)
        logs.configure(
            settings.log_level, settings.log_format, actor=start.name, operator_id=operator_id, session=session
        )
        tracing.configure(settings.otel, connector_id=settings.connector_id, actor=start.name)
        self._parent = parent
        self._body = self.body_class(start, self)
        self._loop_thread = LoopThread(self._body.main, self._loop_ended)
        self._loop_thread.start()
        self.send(parent, Started(start.name, os.getpid()))

    # Called by the body, in the loop thread.

    def tell_parent(self, message: Any) -> None:
        self._run_in_main(lambda: self.send(self._parent, message))

    def tell_child(self, child: Child, message: Any) -> None:
        self._run_in_main(lambda: self._send_to_child(child, message))

    def create_child(self, child: Child, start: Start) -> None:
        self._run_in_main(lambda: self._create_child(child, start))

    def end_child(self, child: Child) -> None:
        self._run_in_main(lambda: self._send_to_child(child, ActorExitRequest()))

    def kill_child(self, child: Child) -> None:
        self._run_in_main(lambda: self._kill_child(child))

    # In the main thread again.

    def _run_in_main(self, errand: Errand) -> None:
        self._errands.append(errand)
        try:
            self._wake_out.send(b"!")
        except BlockingIOError:
            return  # enough wake-ups are waiting already

    def _run_errands(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_in.recv(4096)
        while self._errands:
            self._errands.popleft()()

    def _send_to_child(self, child: Child, message: Any) -> None:
        process = self._processes.get(child)
        if process is not None:
            self.send(process.address, message)

    def _create_child(self, child: Child, start: Start) -> None:
        before = _children_of_this_thread()
        address = self.createActor(child.actor)
        self._processes[child] = _Process(address, next(iter(_children_of_this_thread() - before), 0))
        self.send(address, start)

    def _kill_child(self, child: Child) -> None:
        """For one that hangs: a request to exit would wait in its mailbox for ever."""
        process = self._processes.get(child)
        if process is not None and process.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    def _child_exited(self, address: ActorAddress) -> None:
        child = self._child_at(address)
        if child is not None and self._body is not None and self._loop_thread is not None:
            del self._processes[child]
            self._loop_thread.call(self._body.child_exited, child)

    def _child_at(self, address: ActorAddress) -> Child | None:
        return next((child for child, process in self._processes.items() if process.address == address), None)

    def _loop_ended(self, error: BaseException | None) -> None:
        if error is not None:
            self._end_by_bug(error)

    def _end_by_bug(self, error: BaseException) -> None:
        log_event(log, logging.CRITICAL, "actor_bug", "a bug ends this actor", exc_info=error)
        os._exit(BUG_EXIT_CODE)


def _children_of_this_thread() -> set[int]:
    """Pids of the processes that this thread has forked (proc(5)); Thespian forks in createActor."""
    return {int(pid) for pid in Path("/proc/thread-self/children").read_text().split()}
