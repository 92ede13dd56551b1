"""What the status tree means: the verdict over all, and how each operator stands.

The dump and the page say the same, because both say this.
"""

import time
from collections.abc import Iterable

from msgspec import Struct

from actors.inspection import Node, nodes_of
from actors.names import DISPATCH_ROUTER
from actors.operator_view import RUNNING, Condition, OperatorView, operator_view
from actors.readiness import BY_THE_OPERATOR
from core.wall_clock import rfc3339

MOST_NAMED = 4  # of one condition, in the headline

REMARKABLE = (Condition.IMPAIRED, Condition.WAITING)
HEALTHY = (*REMARKABLE, Condition.BOUND)

_PLACE = {condition: place for place, condition in enumerate(Condition)}


class Overview(Struct, frozen=True):
    """at: RFC 3339, when it was seen. headline: the verdict in one line. operators: those in trouble first. actors: all
    other nodes, without children."""

    at: str
    is_healthy: bool
    headline: str
    operators: list[OperatorView]
    actors: list[Node]


def overview(tree: Node, at: str) -> Overview:
    """Of the whole tree, or of one operator's branch; of an empty one while no actor answers."""
    if not tree:
        return Overview(at, False, "degraded: no actor answers", [], [])
    views = [operator_view(node) for node in nodes_of(tree) if node["actor"] == "OperatorActor"]
    operators = sorted(views, key=lambda view: (_PLACE[view.condition], view.operator_id))
    actors = [node for node in nodes_of(tree) if node["actor"] not in BY_THE_OPERATOR]
    troubles = _troubles(actors, operators)
    remarks = [*troubles, *_counts(operators, REMARKABLE)] or [_all_well(tree, operators)]
    return Overview(
        at=at,
        is_healthy=not troubles,
        headline=f"{'degraded' if troubles else 'healthy'}: {'; '.join(remarks)}",
        operators=operators,
        actors=[{name: value for name, value in node.items() if name != "children"} for node in actors],
    )


def overview_now(tree: Node) -> Overview:
    """Of a tree that was collected a moment ago."""
    return overview(tree, rfc3339(time.time()))


# The headline.


def _troubles(actors: Iterable[Node], operators: list[OperatorView]) -> list[str]:
    """What makes a service degraded."""
    sessions = [session for view in operators if view.condition in HEALTHY for session in view.node["children"]]
    idle = [_what_ails(node) for node in (*actors, *sessions) if node["state"] != RUNNING]
    unknown = any(node["name"] == DISPATCH_ROUTER and node.get("operators_known") is False for node in actors)
    counts = _counts(operators, (condition for condition in Condition if condition not in HEALTHY))
    return [*counts, *idle, *(["the operators are not known yet"] if unknown else [])]


def _what_ails(node: Node) -> str:
    words = f"{node['name']} {node['state']}"
    return f"{words}: {node['last_error']}" if node.get("last_error") else words


def _counts(operators: list[OperatorView], conditions: Iterable[Condition]) -> list[str]:
    """Of those conditions that there are."""
    names: dict[Condition, list[str]] = {condition: [] for condition in conditions}
    for view in operators:
        names.get(view.condition, []).append(view.operator_id)
    return [_count(condition, of_them, len(operators)) for condition, of_them in names.items() if of_them]


def _count(condition: Condition, names: list[str], operators: int) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{len(names)} of {operators} operators {condition.value} ({', '.join(names[:MOST_NAMED])}{more})"


def _all_well(tree: Node, operators: list[OperatorView]) -> str:
    actors = sum(1 for _ in nodes_of(tree))
    return f"{len(operators)} operator{'s' if len(operators) != 1 else ''} bound, {actors} actors running"
