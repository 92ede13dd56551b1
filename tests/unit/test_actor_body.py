"""Children and mail of an actor's body, without processes: what is asked of the shell, and what it is told."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from actors.runtime import body as body_module
from actors.runtime.body import MOST_STARTING, Body, Child
from messages.control import Drain, Drained, Start, Started

NAME = "session@mno@0.0"
KIND = "actors.session.actor.SessionActor"
LATER_S = 5.0  # for what is awaited; nothing here takes that long


class RecordingShell:
    """Keeps what is asked of it. Children exit when they are asked to, unless they are said to hang."""

    def __init__(self) -> None:
        self.created: list[Child] = []
        self.killed: list[Child] = []
        self.told: list[tuple[Child, Any]] = []
        self.said: list[Any] = []
        self.hanging: list[Child] = []
        self.exited: Callable[[Child], None]

    def tell_parent(self, message: Any) -> None:
        self.said.append(message)

    def tell_child(self, child: Child, message: Any) -> None:
        self.told.append((child, message))

    def create_child(self, child: Child, start: Start) -> None:
        self.created.append(child)

    def end_child(self, child: Child) -> None:
        if child not in self.hanging:
            self.exited(child)

    def kill_child(self, child: Child) -> None:
        self.killed.append(child)
        self.exited(child)


class ParentBody(Body):
    """Keeps what it hears; its start takes until `has_prepared`."""

    def __init__(self, shell: RecordingShell, lane: Path) -> None:
        super().__init__(Start("operator@mno", 0), shell)
        shell.exited = self.child_exited
        self._lane_file = str(lane)
        self.has_prepared = asyncio.Event()
        self.heard: list[tuple[Any, str | None]] = []

    def lane_of(self, name: str) -> str:
        return self._lane_file

    async def run(self) -> None:
        await self.has_prepared.wait()

    async def drain(self, deadline: float) -> None:
        await self.drain_children([name for name in self.children if name == NAME], deadline)

    def receive_fact(self, message: Any, child: str | None) -> None:
        self.heard.append((message, child))


Story = Callable[[ParentBody, RecordingShell], Awaitable[None]]


@pytest.fixture
def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Story], None]:
    """Runs a story of a parent that starts; it waits little for a child that was asked to exit."""
    monkeypatch.setattr(body_module, "END_WITHIN_S", 0.05)

    async def run(story: Story) -> None:
        shell = RecordingShell()
        parent = ParentBody(shell, tmp_path / "lane")
        main = asyncio.create_task(parent.main())
        await asyncio.wait_for(story(parent, shell), LATER_S)
        main.cancel()
        await asyncio.gather(main, return_exceptions=True)
        parent._lane.close()

    return lambda story: asyncio.run(run(story))


async def ready(parent: ParentBody) -> None:
    parent.has_prepared.set()
    await parent.reach(lambda: parent.state.value == "running", time.monotonic() + LATER_S)


async def replaced(parent: ParentBody) -> tuple[Child, Child]:
    """A child that was ended, and another of its name."""
    parent.start_child(KIND, NAME)
    old = parent.children[NAME]
    await parent.end_child(NAME)
    parent.start_child(KIND, NAME)
    return old, parent.children[NAME]


def test_what_comes_while_an_actor_starts_is_heard_when_it_has_started(tell: Callable[[Story], None]):
    async def story(parent: ParentBody, _shell: RecordingShell) -> None:
        parent.receive("first", None)
        parent.receive("second", None)
        await asyncio.sleep(0)
        assert parent.heard == []
        await ready(parent)
        assert parent.heard == [("first", None), ("second", None)]

    tell(story)


def test_an_ended_child_has_no_more_to_say(tell: Callable[[Story], None]):
    async def story(parent: ParentBody, _shell: RecordingShell) -> None:
        await ready(parent)
        old, new = await replaced(parent)
        parent.receive(Started(NAME, 7), old)
        parent.receive("late", old)
        parent.receive(Started(NAME, 8), new)
        parent.receive("early", new)
        assert (new.pid, parent.heard) == (8, [("early", NAME)])

    tell(story)


def test_the_exit_of_an_ended_child_is_not_taken_for_that_of_its_successor(tell: Callable[[Story], None]):
    async def story(parent: ParentBody, shell: RecordingShell) -> None:
        await ready(parent)
        old, new = await replaced(parent)
        parent.receive(Started(NAME, 8), new)
        parent.child_exited(old)
        assert (new.state.value, shell.created) == ("running", [old, new])

    tell(story)


def test_many_children_start_a_few_at_a_time(tell: Callable[[Story], None]):
    async def story(parent: ParentBody, shell: RecordingShell) -> None:
        await ready(parent)
        for number in range(20):
            parent.start_child(KIND, f"operator@{number}")
        first = list(shell.created)
        parent.receive(Started("operator@3", 103), first[3])
        parent.child_exited(first[4])
        assert [child.name for child in first] == [f"operator@{number}" for number in range(MOST_STARTING)]
        assert [child.name for child in shell.created] == [f"operator@{number}" for number in range(MOST_STARTING + 2)]

    tell(story)


def test_a_child_that_is_no_longer_wanted_when_its_turn_comes_is_not_started(tell: Callable[[Story], None]):
    async def story(parent: ParentBody, shell: RecordingShell) -> None:
        await ready(parent)
        for number in range(MOST_STARTING + 2):
            parent.start_child(KIND, f"operator@{number}")
        await parent.end_child(f"operator@{MOST_STARTING}")
        parent.receive(Started("operator@0", 100), shell.created[0])
        assert [child.name for child in shell.created[MOST_STARTING:]] == [f"operator@{MOST_STARTING + 1}"]

    tell(story)


def test_a_child_that_does_not_exit_is_killed_and_nobody_else(tell: Callable[[Story], None]):
    async def story(parent: ParentBody, shell: RecordingShell) -> None:
        await ready(parent)
        parent.start_child(KIND, NAME)
        old = parent.children[NAME]
        shell.hanging.append(old)
        await parent.end_child(NAME)
        parent.start_child(KIND, NAME)
        await asyncio.sleep(2 * body_module.END_WITHIN_S)
        assert shell.killed == [old]

    tell(story)


def test_a_child_that_is_still_starting_is_drained_as_well(tell: Callable[[Story], None]):
    async def story(parent: ParentBody, shell: RecordingShell) -> None:
        await ready(parent)
        parent.start_child(KIND, NAME)
        child = parent.children[NAME]
        draining = asyncio.create_task(parent.drain_children([NAME], time.monotonic() + LATER_S))
        await asyncio.sleep(0)
        assert [(told, type(message)) for told, message in shell.told] == [(child, Drain)]
        parent.receive(Drained(NAME), child)
        await draining

    tell(story)


def test_an_actor_that_is_to_hurry_passes_that_on_to_those_that_it_waits_for(tell: Callable[[Story], None]):
    late, soon = Drain(time.monotonic() + 2 * LATER_S), Drain(time.monotonic() + LATER_S)

    async def story(parent: ParentBody, shell: RecordingShell) -> None:
        await ready(parent)
        for name in (NAME, "not waited for yet"):
            parent.start_child(KIND, name)
        child = parent.children[NAME]
        parent.receive(late, None)
        await parent.reach(lambda: len(shell.told) == 1, time.monotonic() + LATER_S)
        parent.receive(soon, None)
        parent.receive(Drained(NAME), child)
        parent.receive(soon, None)
        assert shell.told == [(child, late), (child, soon)]

    tell(story)


def test_an_actor_that_has_drained_says_so_to_whoever_asks_again(tell: Callable[[Story], None]):
    async def story(parent: ParentBody, shell: RecordingShell) -> None:
        await ready(parent)
        for asked in (1, 2):
            parent.receive(Drain(0.0), None)
            await parent.reach(lambda: len(shell.said) == asked, time.monotonic() + LATER_S)  # noqa: B023
        assert shell.said == [Drained("operator@mno")] * 2

    tell(story)
