"""The status tree as a table for people."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

Node = dict[str, Any]

RUNNING = "running"
OWN_COLUMNS = frozenset({"actor", "name", "pid", "state", "since", "restarts", "children"})
STYLES = {RUNNING: "green", "no answer": "bold red"}
OTHER_STYLE = "yellow"

UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def nodes_of(tree: Node) -> Iterator[Node]:
    """The node and all below it, parents first."""
    yield tree
    for child in tree["children"]:
        yield from nodes_of(child)


def branch_of(tree: Node, name: str) -> Node | None:
    """The node of this name, wherever it is."""
    return next((node for node in nodes_of(tree) if node["name"] == name), None)


def is_healthy(tree: Node) -> bool:
    """Every actor runs."""
    return all(node["state"] == RUNNING for node in nodes_of(tree))


def render(tree: Node, now: datetime) -> Group:
    """A headline and a row for each actor; `now` is what ages are counted to."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("actor", "state", "for"):
        table.add_column(heading, no_wrap=True)
    for heading in ("pid", "restarts"):
        table.add_column(heading, no_wrap=True, justify="right")
    table.add_column("figures", overflow="fold")
    for indent, node in _with_indents(tree):
        table.add_row(*_cells(indent, node, now))
    return Group(_headline(tree), table)


def age(since: str, now: datetime) -> str:
    """The time passed, in its two greatest units; empty where `since` is no time."""
    try:
        passed = (now - datetime.fromisoformat(since)).total_seconds()
    except (ValueError, TypeError):
        return ""
    left, words = max(0, int(passed)), list[str]()
    for seconds, unit in UNITS:
        count, left = divmod(left, seconds)
        if count or words or unit == "s":
            words.append(f"{count}{unit}")
    return " ".join(words[:2])


def _headline(tree: Node) -> Text:
    poor = [node for node in nodes_of(tree) if node["state"] != RUNNING]
    if not poor:
        return Text(f"healthy: {sum(1 for _ in nodes_of(tree))} actors running", STYLES[RUNNING])
    return Text("degraded: " + ", ".join(f"{_plain(node['name'])} {node['state']}" for node in poor), OTHER_STYLE)


def _with_indents(tree: Node, lead: str = "", lead_below: str = "") -> Iterator[tuple[str, Node]]:
    yield lead, tree
    children = tree["children"]
    for number, child in enumerate(children, start=1):
        is_last = number == len(children)
        branch, trunk = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
        yield from _with_indents(child, lead_below + branch, lead_below + trunk)


def _cells(indent: str, node: Node, now: datetime) -> tuple[Text, ...]:
    state = str(node["state"])
    return (
        Text(indent, "dim").append(_plain(node["name"]), "bold"),
        Text(_plain(state), STYLES.get(state, OTHER_STYLE)),
        Text(age(node["since"], now)),
        Text(str(node["pid"])),
        Text(str(node["restarts"]), OTHER_STYLE if node["restarts"] else ""),
        _figures(node),
    )


def _figures(node: Node) -> Text:
    text = Text()
    for name, value in node.items():
        if name not in OWN_COLUMNS:
            text.append(f"{name} ", "dim").append(f"{_shown(value)}  ")
    return text


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_shown(inner)}" for name, inner in value.items()) + ")"
    return "-" if value is None else _plain(value)


def _plain(value: object) -> str:
    """Without control characters, which could steer the terminal."""
    return "".join(character if character.isprintable() else "?" for character in str(value))
