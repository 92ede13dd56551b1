"""The status tree as lines for people: the verdict, what is wrong, then every actor with its figures."""

import textwrap
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from rich.text import Text

from actors.inspection import nodes_of
from actors.operator_view import Condition, OperatorView
from actors.overview import Overview
from cli.command import plain
from cli.dump_words import Told, age, next_try, told, views

Node = dict[str, Any]

GOOD, FAIR, BAD = "green", "yellow", "bold red"
STYLES = {"running": GOOD, "bound": GOOD, "no answer": BAD, "down": BAD}
SEPARATOR = ", "
INDENT = "  "
LEAST_ROOM = 20  # columns for words, however deep the tree and narrow the terminal


class Guides(NamedTuple):
    """What the tree is drawn with: before a child, before the last one, beside and after them."""

    branch: str
    last: str
    trunk: str
    blank: str


LINES = Guides("├─ ", "└─ ", "│  ", "   ")
ASCII_LINES = Guides("|- ", "`- ", "|  ", "   ")


def branch_of(tree: Node, name: str) -> Node | None:
    """The node of this name, wherever it is."""
    return next((node for node in nodes_of(tree) if node["name"] == name), None)


def render(tree: Node, seen: Overview, guides: Guides = LINES, width: int | None = None) -> list[Text]:
    """A line each. width: columns, None for lines as long as they get."""
    now = datetime.fromisoformat(seen.at)
    return [*_verdict(seen, now, width), Text(_where(tree, now), "dim"), *_Tree(seen, now, guides, width).lines(tree)]


def _verdict(seen: Overview, now: datetime, width: int | None) -> Iterator[Text]:
    for line in _wrapped([plain(seen.headline)], width):
        yield Text(line, GOOD if seen.is_healthy else BAD)
    for view in filter(lambda view: view.reasons, seen.operators):
        for line in _wrapped([plain(_trouble(view, now))], width and width - len(INDENT)):
            yield Text(INDENT + line, STYLES.get(view.condition.value, FAIR))


def _trouble(view: OperatorView, now: datetime) -> str:
    passed = "" if view.condition is Condition.IMPAIRED else age(view.since, now)  # it is bound since then
    reasons = [*view.reasons]
    if view.condition is Condition.DOWN and view.retry_in_s is not None:
        reasons.append(next_try(view.retry_in_s))
    return f"{view.operator_id} {view.condition.value}{f' for {passed}' if passed else ''}: {'; '.join(reasons)}"


def _where(tree: Node, now: datetime) -> str:
    replica = [f"{tree['connector_id']}", f"version {tree['version']}"] if "connector_id" in tree else []
    return plain(SEPARATOR.join([*replica, f"{now:%Y-%m-%d %H:%M:%S} UTC"]))


class _Tree:
    """Draws the actors, operators in trouble first."""

    def __init__(self, seen: Overview, now: datetime, guides: Guides, width: int | None) -> None:
        self._views = views(seen)
        self._order = {name: place for place, name in enumerate(self._views)}
        self._now = now
        self._guides = guides
        self._width = width

    def lines(self, node: Node, lead: str = "", lead_below: str = "") -> Iterator[Text]:
        children = sorted(node["children"], key=lambda child: self._order.get(child["name"], -1))
        said = told(node, self._views.get(node["name"]), self._now)
        yield self._head(lead, node, said)
        beside = lead_below + (self._guides.trunk if children else self._guides.blank)
        yield from self._details(beside, said.details)
        for child in children:
            is_last = child is children[-1]
            branch = self._guides.last if is_last else self._guides.branch
            below = self._guides.blank if is_last else self._guides.trunk
            yield from self.lines(child, lead_below + branch, lead_below + below)

    def _head(self, lead: str, node: Node, said: Told) -> Text:
        head = Text().append(lead, "dim").append(plain(node["name"]), "bold").append("  ")
        head.append(plain(said.state), STYLES.get(said.state.partition(" ")[0], STYLES.get(said.state, FAIR)))
        passed = age(said.since, self._now)
        head.append(f" for {passed}" if passed else "").append(f", pid {node['pid']}", "dim")
        return head.append(f", restarts {node['restarts']}", FAIR) if node["restarts"] else head

    def _details(self, lead: str, details: Iterable[list[str]]) -> Iterator[Text]:
        for parts in filter(None, details):
            for line in _wrapped([plain(part) for part in parts], self._room(lead)):
                yield Text().append(lead, "dim").append(line)

    def _room(self, lead: str) -> int | None:
        return None if self._width is None else max(LEAST_ROOM, self._width - len(lead))


def _wrapped(parts: list[str], room: int | None) -> list[str]:
    """Parts are kept whole where they fit."""
    lines = [""]
    for part in parts:
        longer = lines[-1] + SEPARATOR + part if lines[-1] else part
        if room is None or len(longer) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines if room is None else [short for line in lines for short in textwrap.wrap(line, room)]
