"""Trivial actors for tests of the actor runtime: they do what they are told, faults included.

    connector (TrialRoot) ─┬─ leaf-0, leaf-1 (TrialLeaf)
                           └─ dispatch-router (TrialBranch) ── operator@deep (TrialLeaf)

A frame on the root's lane names an actor and a deed; the deed travels on through the mailboxes. Whoever is to do it
writes it down first, in the file `deeds` of RUNTIME_DIR.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.runtime.base import BaseActor
from actors.runtime.body import Body, Figures, Shell
from actors.runtime.lanes import Delivery
from actors.runtime.surroundings import surroundings
from messages.control import Start
from messages.lanes import AcceptedQuery

FOR_EVER_S = 600.0
LEAF, BRANCH = "trial_actors.TrialLeaf", "trial_actors.TrialBranch"
LEAVES = ("leaf-0", "leaf-1")


@dataclass(frozen=True)
class Order:
    """A deed for the actor of this name."""

    actor: str
    deed: str


def order_frame(actor: str, deed: str) -> AcceptedQuery:
    """What carries an order over the root's lane."""
    return AcceptedQuery(0, actor, [deed])


def deeds_file(runtime_dir: Path) -> Path:
    return runtime_dir.with_name("deeds")


def hang_file(runtime_dir: Path, name: str) -> Path:
    """While it is there, the actor of this name hangs in its start."""
    return runtime_dir.with_name(f"hang-{name}")


class TrialBody(Body):
    """Passes orders for others to all its children."""

    def __init__(self, start: Start, shell: Shell) -> None:
        super().__init__(start, shell)
        self._runtime_dir = surroundings().lanes.parent
        self._works = 0
        if hang_file(self._runtime_dir, self.name).exists():
            hang_file(self._runtime_dir, self.name).unlink()
            time.sleep(FOR_EVER_S)

    def receive_fact(self, message: Any, child: str | None) -> None:
        if message.actor != self.name:
            for name in self.children:
                self.tell_child(name, message)
            return
        with deeds_file(self._runtime_dir).open("a") as deeds:
            deeds.write(f"{self.name} {message.deed}\n")
        getattr(self, message.deed)()

    # Deeds.

    def work(self) -> None:
        self._works += 1

    def fail_in_the_loop(self) -> None:
        raise RuntimeError("a bug in the loop")

    def fail_in_a_task(self) -> None:
        self.spawn(self._fail())

    def fail_in_the_main_thread(self) -> None:
        self.tell_parent(lambda: "functions cannot be pickled")

    def exit_at_once(self) -> None:
        os._exit(0)

    def block_the_loop(self) -> None:
        time.sleep(FOR_EVER_S)

    async def _fail(self) -> None:
        raise RuntimeError("a bug in a task")

    def figures(self) -> Figures:
        return {"works": self._works}


class TrialLeafBody(TrialBody):
    pass


class TrialLeaf(BaseActor):
    body_class = TrialLeafBody


class TrialBranchBody(TrialBody):
    async def run(self) -> None:
        self.start_child(LEAF, "operator@deep")


class TrialBranch(BaseActor):
    body_class = TrialBranchBody


class TrialRootBody(TrialBody):
    async def run(self) -> None:
        for name in LEAVES:
            self.start_child(LEAF, name)
        self.start_child(BRANCH, "dispatch-router")

    def deliver(self, deliveries: list[Delivery]) -> None:
        for _connection, _number, message in deliveries:
            self.receive_fact(Order(message.operator_id, message.message_ids[0]), None)


class TrialRoot(BaseActor):
    body_class = TrialRootBody
