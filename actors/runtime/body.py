"""A Body is an actor's work: it lives in the loop thread and knows nothing of Thespian."""

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from actors.runtime.lanes import Delivery, LaneConnection, LaneServer, lane_address
from actors.runtime.surroundings import surroundings
from adapters.telemetry import metrics, tracing
from adapters.telemetry.logs import log_event
from core import roll_call
from core.restarts import RestartPolicy
from core.roll_call import RollCall
from core.wall_clock import rfc3339
from messages.control import Drain, Drained, Ping, Pong, Start, Started
from messages.lanes import ActorState, ChildStatus, StatusReply

if TYPE_CHECKING:
    from prometheus_client import Counter

END_WITHIN_S = 2.0  # a child that was asked to exit
LOOK_S = 0.02  # between looks at a condition, while stopping
FLUSH_S = 1.0  # for the last spans, at a stop
START_DEADLINE_S = 15.0  # a child that has not reported by then is ended and started anew
MOST_STARTING = 8  # children at once: a start costs some 100 ms of CPU, a hundred together would miss their deadline

log = logging.getLogger(__name__)

Figures = dict[str, Any]


class Shell(Protocol):
    """What a body asks of its BaseActor; each call returns at once."""

    def tell_parent(self, message: Any) -> None: ...
    def tell_child(self, child: "Child", message: Any) -> None: ...
    def create_child(self, child: "Child", start: Start) -> None: ...
    def end_child(self, child: "Child") -> None: ...
    def kill_child(self, child: "Child") -> None: ...


@dataclass(eq=False)
class Child:
    """One supervised child; another of the same name, after it has been ended, is another Child.

    actor: dotted name of its class, which Thespian imports in the child.
    """

    actor: str
    name: str
    argument: Any = None
    wanted: bool = True
    state: ActorState = ActorState.STARTING
    since: str = ""
    pid: int = 0
    has_process: bool = False
    policy: RestartPolicy = field(default_factory=RestartPolicy)

    @property
    def class_name(self) -> str:
        return self.actor.rpartition(".")[2]


class Body:
    """Base of all bodies: life cycle, lane, supervision and status.

    Subclasses override `run`, `drain`, `deliver`, `receive_fact`, `child_started`, `child_died` and `figures`.
    """

    gather_s: float = 0  # see LaneServer

    def __init__(self, start: Start, shell: Shell) -> None:
        self.name = start.name
        self.argument = start.argument
        self.restarts = start.restarts
        self.state = ActorState.STARTING
        self.since = rfc3339(time.time())
        self._shell = shell
        self._children: dict[str, Child] = {}
        self._to_create: deque[Child] = deque()
        self._starting: set[Child] = set()
        self._roll_call = RollCall()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_ready = False
        self._mail: list[tuple[Any, Child | None]] = []
        self._draining = False
        self._drained = False
        self._done: set[str] = set()
        self._asked_to_drain: set[str] = set()
        self._tracer = tracing.tracer()

    # For subclasses.

    async def run(self) -> None:
        """Set up; return when ready to work. Long work goes into `spawn`."""

    async def drain(self, deadline: float) -> None:
        """Finish what is under way by `deadline` (monotonic seconds)."""

    def hurry(self, deadline: float) -> None:
        """The drain that is under way is to end by this earlier deadline (monotonic seconds)."""
        for name in self._asked_to_drain - self._done:
            if name in self._children:
                self.tell_child(name, Drain(deadline))

    def deliver(self, deliveries: list[Delivery]) -> None:
        """Frames from this actor's lane."""

    def producer_gone(self, connection: LaneConnection) -> None:
        """A producer's connection to this lane ended."""

    def receive_fact(self, message: Any, child: str | None) -> None:
        """A message from the mailbox that is not the base's own; `child` names the sender if it is a child."""

    def child_started(self, child: Child) -> None:
        pass

    def child_died(self, child: Child) -> None:
        pass

    def figures(self) -> Figures:
        """Numbers for people: no secret, no `to`, no `text`."""
        return {}

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it beside; if it fails, that is a bug and ends the actor."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def start_child(self, actor: str, name: str, argument: Any = None) -> None:
        self._children[name] = child = Child(actor, name, argument)
        self._restarts_of(child)  # from 0 on: Prometheus sees no increase where a series begins at 1
        self._create(child)

    async def end_child(self, name: str) -> None:
        """End it for good; returns when its process is gone, and with it all that it held."""
        child = self._children.pop(name)
        child.wanted = False
        self._done.add(name)
        self._shell.end_child(child)
        if not await self.reach(lambda: not child.has_process, time.monotonic() + END_WITHIN_S):
            self._shell.kill_child(child)
            await self.reach(lambda: not child.has_process, time.monotonic() + END_WITHIN_S)

    async def drain_children(self, names: Iterable[str], deadline: float) -> None:
        """Let them finish; returns when all have reported or are gone, or at `deadline` (monotonic seconds)."""
        running = {name for name in names if self._children[name].has_process}
        self._done -= running
        self._asked_to_drain |= running
        for name in running:
            self.tell_child(name, Drain(deadline))
        await self.reach(lambda: running <= self._done, deadline)

    async def reach(self, condition: Callable[[], bool], deadline: float) -> bool:
        """Wait for a condition that events of this loop bring about; False at the deadline."""
        while not condition() and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_S)
        return condition()

    def tell_parent(self, message: Any) -> None:
        self._shell.tell_parent(message)

    def tell_child(self, name: str, message: Any) -> None:
        self._shell.tell_child(self._children[name], message)

    def lane_of(self, name: str) -> str:
        return lane_address(surroundings().lanes, name)

    def set_state(self, state: ActorState) -> None:
        if state is not self.state:
            self.state = state
            self.since = rfc3339(time.time())

    @property
    def children(self) -> dict[str, Child]:
        return self._children

    @property
    def draining(self) -> bool:
        return self._draining

    # Called by the shell.

    async def main(self) -> None:
        self._lane = LaneServer(self.lane_of(self.name), self.deliver, self.gather_s)
        self._lane.on_status = lambda connection: connection.send(self.status())
        self._lane.on_disconnect = self.producer_gone
        await self._lane.start()
        if self._tracer is not None:
            self.spawn(self._tracer.exporting.run())
        await self.run()
        self.set_state(ActorState.RUNNING)
        self._is_ready = True
        for message, child in self._mail:
            self.receive(message, child)
        self.spawn(self._call_the_roll())
        await asyncio.get_running_loop().create_future()

    def receive(self, message: Any, child: Child | None) -> None:
        """From the mailbox. What comes before `run` has returned waits for it; an ended child has no more to say."""
        if not self._is_ready:
            self._mail.append((message, child))
        elif child is None or child.wanted:
            self._hear(message, child.name if child else None)

    def _hear(self, message: Any, child: str | None) -> None:
        if isinstance(message, Started):
            self._child_reported(message)
        elif isinstance(message, Pong):
            self._roll_call.answered(message.name)
        elif isinstance(message, Drain):
            self._start_drain(message.deadline)
        elif isinstance(message, Drained):
            self._done.add(message.name)
        else:
            self.receive_fact(message, child)

    def child_exited(self, child: Child) -> None:
        child.has_process = False
        self._start_ended(child)
        if not child.wanted:
            return
        self._done.add(child.name)
        if self._draining:
            return
        self._set_child_state(child, ActorState.RESTARTING)
        delay_s = child.policy.delay_s(time.monotonic())
        log_event(log, logging.WARNING, "actor_died", child=child.name, restart_in_s=round(delay_s, 2))
        self._restarts_of(child).inc()
        self.child_died(child)
        asyncio.get_running_loop().call_later(delay_s, self._restart, child)

    def status(self) -> StatusReply:
        return StatusReply(
            actor=type(self._shell).__name__,
            name=self.name,
            pid=os.getpid(),
            state=self.state,
            since=self.since,
            restarts=self.restarts,
            children=[self._child_status(child) for child in self._children.values()],
            figures=self.figures(),
        )

    # Supervision.

    def _create(self, child: Child) -> None:
        self._set_child_state(child, ActorState.STARTING)
        self._to_create.append(child)
        self._create_waiting()

    def _create_waiting(self) -> None:
        while self._to_create and len(self._starting) < MOST_STARTING:
            child = self._to_create.popleft()
            if child.wanted and not self._draining:
                self._create_now(child)

    def _create_now(self, child: Child) -> None:
        child.policy.started(time.monotonic())
        child.has_process = True
        self._starting.add(child)
        self._shell.create_child(child, Start(child.name, child.policy.restarts, child.argument))
        asyncio.get_running_loop().call_later(START_DEADLINE_S, self._check_started, child, child.policy.restarts)

    def _restart(self, child: Child) -> None:
        if self._children.get(child.name) is child and not self._draining:
            self._create(child)

    def _check_started(self, child: Child, restarts: int) -> None:
        if child.state is ActorState.STARTING and child.policy.restarts == restarts:
            log_event(log, logging.ERROR, "actor_start_timeout", child=child.name)
            self._shell.kill_child(child)

    def _child_reported(self, started: Started) -> None:
        child = self._children.get(started.name)
        if child is not None:
            self._start_ended(child)
            child.pid = started.pid
            self._set_child_state(child, ActorState.RUNNING)
            self.child_started(child)

    async def _call_the_roll(self) -> None:
        while True:
            await asyncio.sleep(roll_call.ASK_EVERY_S)
            running = [name for name, child in self._children.items() if child.state is ActorState.RUNNING]
            hanging = self._roll_call.call(running, time.monotonic())
            for name in running:
                if name in hanging:
                    self._end_hanging(name)
                else:
                    self.tell_child(name, Ping())

    def _end_hanging(self, name: str) -> None:
        log_event(log, logging.ERROR, "actor_hangs", child=name)
        self._shell.kill_child(self._children[name])

    def _start_ended(self, child: Child) -> None:
        self._starting.discard(child)
        self._create_waiting()

    def _set_child_state(self, child: Child, state: ActorState) -> None:
        child.state = state
        child.since = rfc3339(time.time())

    def _restarts_of(self, child: Child) -> "Counter":
        return metrics.counter("smpp_actor_restarts_total", actor=child.class_name)

    def _child_status(self, child: Child) -> ChildStatus:
        return ChildStatus(
            actor=child.class_name,
            name=child.name,
            restarts=child.policy.restarts,
            state=child.state,
            since=child.since,
            pid=child.pid,
        )

    # Stopping.

    def _start_drain(self, deadline: float) -> None:
        if self._drained:
            self.tell_parent(Drained(self.name))
        elif self._draining:
            self.hurry(deadline)
        else:
            self._draining = True
            self.set_state(ActorState.DRAINING)
            self.spawn(self._drain(deadline))

    async def _drain(self, deadline: float) -> None:
        await self.drain(deadline)
        if self._tracer is not None:
            await self._tracer.exporting.flush(min(deadline, time.monotonic() + FLUSH_S))
        self._drained = True
        self.tell_parent(Drained(self.name))

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            asyncio.get_running_loop().call_exception_handler({"message": "task failed", "exception": task.exception()})
