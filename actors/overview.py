"""What the status tree means: how each operator stands, what is wrong with it, and the verdict over all.

The dump and the page say the same, because both say this.
"""

import time
from collections.abc import Iterable
from enum import Enum

from msgspec import Struct

from actors.inspection import Node, nodes_of
from actors.names import DISPATCH_ROUTER
from actors.readiness import BY_THE_OPERATOR, Standing, standing
from core.bind_lease import NO_LIMIT, WAITING
from core.wall_clock import rfc3339
from messages.lanes import ActorState

RUNNING = ActorState.RUNNING.value
MOST_NAMED = 4  # of one condition, in the headline

THROTTLE_OK = "ok"


class Condition(Enum):
    """Of an operator at this replica, the worst first."""

    NO_ANSWER = "no answer"
    DOWN = "down"
    BINDING = "binding"
    DRAINING = "draining"
    IMPAIRED = "impaired"  # carries its traffic, but not as it should
    WAITING = "waiting"  # other replicas hold all binds that it allows
    BOUND = "bound"


HEALTHY = (Condition.IMPAIRED, Condition.WAITING, Condition.BOUND)

_OF_STATE = {
    ActorState.NO_ANSWER.value: Condition.NO_ANSWER,
    ActorState.RESTARTING.value: Condition.NO_ANSWER,
    ActorState.STARTING.value: Condition.BINDING,
    ActorState.DRAINING.value: Condition.DRAINING,
}
_OF_STANDING = {
    Standing.FAILED: Condition.DOWN,
    Standing.BINDING: Condition.BINDING,
    Standing.WAITING: Condition.WAITING,
}
_WORDS = {
    Condition.BINDING: "is being bound for the first time",
    Condition.DRAINING: "is being stopped",
    Condition.WAITING: "waits for a bind lease: other replicas hold all binds that the operator allows",
}


class OperatorView(Struct, frozen=True):
    """reasons: what is wrong, in words, the gravest first. receipts_waiting: deliver_sm that wait for their answer.
    retry_in_s: until the next attempt to bind, None when none is due. node: all figures, with the sessions below."""

    operator_id: str
    condition: Condition
    since: str
    reasons: list[str]
    receipts_waiting: int
    retry_in_s: float | None
    lease: str
    node: Node


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
    operators = sorted(
        (operator_view(node) for node in nodes_of(tree) if node["actor"] == "OperatorActor"),
        key=lambda view: (list(Condition).index(view.condition), view.operator_id),
    )
    actors = [node for node in nodes_of(tree) if node["actor"] not in BY_THE_OPERATOR]
    troubles = _troubles(actors, operators)
    is_healthy = not troubles
    others = [_count(operators, condition) for condition in HEALTHY[:2]]
    parts = troubles + [part for part in others if part] or [_all_well(tree, operators)]
    return Overview(
        at,
        is_healthy,
        f"{'healthy' if is_healthy else 'degraded'}: {'; '.join(parts)}",
        operators,
        [{name: value for name, value in node.items() if name != "children"} for node in actors],
    )


def overview_now(tree: Node) -> Overview:
    """Of a tree that was collected a moment ago."""
    return overview(tree, rfc3339(time.time()))


def operator_view(node: Node) -> OperatorView:
    sessions: list[Node] = node["children"]
    condition = _condition(node)
    retries = [session["retry_in_s"] for session in sessions if not session.get("bound", True)]
    return OperatorView(
        operator_id=node["name"].partition("@")[2],
        condition=condition,
        since=node.get("health_since") or node["since"],
        reasons=_reasons(node, condition),
        receipts_waiting=sum(session.get("deliveries_unsettled", 0) for session in sessions),
        retry_in_s=min(retries, default=None),
        lease=", ".join(sorted({session["lease"] for session in sessions if "lease" in session})) or NO_LIMIT,
        node=node,
    )


def _condition(node: Node) -> Condition:
    if node["state"] in _OF_STATE:
        return _OF_STATE[node["state"]]
    condition = _OF_STANDING.get(standing(node))
    if condition is not None:
        return condition
    return Condition.IMPAIRED if _impairments(node) else Condition.BOUND


def _reasons(node: Node, condition: Condition) -> list[str]:
    if condition is Condition.NO_ANSWER:
        return [f"its process {'is being started anew' if node['state'] == 'restarting' else 'does not answer'}"]
    if condition is Condition.DOWN:
        return _session_troubles(node) or ["nothing is bound"]
    if condition in _WORDS:
        return [_WORDS[condition]]
    return _impairments(node)


def _impairments(node: Node) -> list[str]:
    """Of an operator that carries traffic."""
    reasons = []
    if node.get("endpoint") == "backup":
        back = node.get("failback_in_s")
        reasons.append(
            "on its backup" + (f", back to the preferred endpoint in {back:.0f} s" if back is not None else "")
        )
    waiting = sum(session.get("lease") == WAITING for session in node["children"])
    if node.get("sessions_bound", 0) + waiting < node.get("sessions_configured", 0):
        reasons.append(f"{node['sessions_bound']} of {node['sessions_configured']} sessions bound")
    if node.get("slowed_sessions"):
        reasons.append(f"the operator asks for less: {node['slowed_sessions']} of its sessions slowed down")
    if node.get("throttle", THROTTLE_OK) != THROTTLE_OK:
        reasons.append(f"TPS limit: {node['throttle']}")
    return reasons + _session_troubles(node)


def _session_troubles(node: Node) -> list[str]:
    """Each different one once."""
    return list(dict.fromkeys(trouble for session in node["children"] if (trouble := _session_trouble(session))))


def _session_trouble(session: Node) -> str:
    if session["state"] != RUNNING:
        return f"{session['name']}: {session['state']}"
    if session["bound"] or session["lease"] == WAITING or not session["last_error"]:
        return ""
    return f"{session['endpoint']} {session['address']}: {session['last_error']}"


# The headline.


def _troubles(actors: Iterable[Node], operators: list[OperatorView]) -> list[str]:
    """What makes a service degraded."""
    counts = [_count(operators, condition) for condition in Condition if condition not in HEALTHY]
    sessions = [session for view in operators if view.condition in HEALTHY for session in view.node["children"]]
    idle = [_what_ails(node) for node in (*actors, *sessions) if node["state"] != RUNNING]
    unknown = any(node["name"] == DISPATCH_ROUTER and node.get("operators_known") is False for node in actors)
    return [*filter(None, counts), *idle, *(["the operators are not known yet"] if unknown else [])]


def _what_ails(node: Node) -> str:
    words = f"{node['name']} {node['state']}"
    return f"{words}: {node['last_error']}" if node.get("last_error") else words


def _count(operators: list[OperatorView], condition: Condition) -> str:
    names = [view.operator_id for view in operators if view.condition is condition]
    if not names:
        return ""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{len(names)} of {len(operators)} operators {condition.value} ({', '.join(names[:MOST_NAMED])}{more})"


def _all_well(tree: Node, operators: list[OperatorView]) -> str:
    actors = sum(1 for _ in nodes_of(tree))
    return f"{len(operators)} operator{'s' if len(operators) != 1 else ''} bound, {actors} actors running"
