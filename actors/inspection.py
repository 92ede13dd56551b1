"""The live actor tree, read over the lanes: each actor answers for itself, so one that hangs hides no other.

Why not through the mailboxes: a hanging parent would hide its children, and the tree would need a time limit per
level. Here all are asked at once (docs/decisions).
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from actors.names import CONNECTOR, parent_name
from actors.runtime.folder_lock import LOCK, is_held
from actors.runtime.lanes import LaneConnection, address_in
from messages.lanes import ActorState, ChildStatus, StatusReply, StatusRequest

ANSWER_TIMEOUT_S = 2.0

_CLASSES = {"operator": "OperatorActor", "session": "SessionActor"}

Node = dict[str, Any]


class _Asked:
    """One question to one actor over its lane."""

    def __init__(self) -> None:
        self.reply: asyncio.Future[StatusReply] = asyncio.get_running_loop().create_future()
        self.pid = 0

    def connected(self, connection: LaneConnection) -> None:
        self._connection = connection
        self.pid = connection.peer_pid()
        connection.send(StatusRequest())

    def received(self, connection: LaneConnection, frames: list[tuple[int, Any]]) -> None:
        for _number, message in frames:
            if isinstance(message, StatusReply) and not self.reply.done():
                self.reply.set_result(message)

    def disconnected(self, connection: LaneConnection) -> None:
        if not self.reply.done():
            self.reply.set_exception(ConnectionResetError())

    def close(self) -> None:
        if hasattr(self, "_connection"):
            self._connection.close()


async def collect(lanes: Path, timeout_s: float = ANSWER_TIMEOUT_S) -> Node | None:
    """The tree as contracts.md shapes it; None when no service runs there. Takes at most timeout_s.

    A service whose root supervisor is not there, or not yet, is a tree of that alone."""
    try:
        folder = os.open(lanes, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        names = sorted(os.listdir(folder))
        answers = await asyncio.gather(*(_ask(address_in(folder, name), timeout_s) for name in names))
    finally:
        os.close(folder)
    known = {name: answer for name, answer in zip(names, answers, strict=True) if answer is not None}
    if CONNECTOR not in known:
        return _starting() if is_held(lanes.with_name(LOCK)) else None
    return _node(CONNECTOR, known, None)


def collect_now(runtime_dir: Path, timeout_s: float = ANSWER_TIMEOUT_S) -> Node | None:
    """The same for a caller without an event loop."""
    return asyncio.run(collect(runtime_dir / "lanes", timeout_s))


def nodes_of(tree: Node) -> Iterator[Node]:
    """The node and all below it, parents first."""
    yield tree
    for child in tree["children"]:
        yield from nodes_of(child)


async def _ask(address: str, timeout_s: float) -> StatusReply | int | None:
    """Its own status; its pid, or 0, when it does not answer; None when nobody serves the lane."""
    asked = _Asked()
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            await loop.create_unix_connection(lambda: LaneConnection(asked), address)
            return await asked.reply
    except TimeoutError:
        return asked.pid
    except ConnectionResetError:
        return None if asked.pid else 0  # 0: it hangs, and so many have asked that its queue of connections is full
    except OSError:
        return None
    finally:
        asked.close()


def _node(name: str, known: dict[str, StatusReply | int], from_parent: ChildStatus | None) -> Node:
    answer = known.get(name)
    if isinstance(answer, StatusReply):
        children = {child.name: child for child in answer.children}
        node = _answered(answer)
    else:
        children = {}
        node = _silent(name, answer, from_parent)
    others = {other for other in known if parent_name(other) == name}
    node["children"] = [_node(child, known, children.get(child)) for child in sorted(set(children) | others)]
    return node


def _answered(status: StatusReply) -> Node:
    return {
        "actor": status.actor,
        "name": status.name,
        "pid": status.pid,
        "state": status.state.value,
        "since": status.since,
        "restarts": status.restarts,
        **status.figures,
    }


def _starting() -> Node:
    root = {"actor": "Connector", "name": CONNECTOR, "pid": 0, "state": ActorState.STARTING.value}
    return {**root, "since": "", "restarts": 0, "children": []}


def _silent(name: str, pid: int | None, child: ChildStatus | None) -> Node:
    """No answer: what the kernel and the parent know of it."""
    gone = pid is None and child is not None and child.state is ActorState.RESTARTING
    return {
        "actor": child.actor if child is not None else _CLASSES.get(name.partition("@")[0], name),
        "name": name,
        "pid": pid or (child.pid if child is not None else 0),
        "state": (ActorState.RESTARTING if gone else ActorState.NO_ANSWER).value,
        "since": child.since if child is not None else "",
        "restarts": child.restarts if child is not None else 0,
    }
