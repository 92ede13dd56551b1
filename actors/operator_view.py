"""How one operator stands at this replica, and why, read from its branch of the status tree."""

from enum import Enum

from msgspec import Struct

from actors.inspection import Node
from actors.readiness import Standing, standing
from core.bind_lease import NO_LIMIT, WAITING
from messages.lanes import ActorState

RUNNING = ActorState.RUNNING.value
NO_ANSWER = ActorState.NO_ANSWER.value
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
    """since: when it was bound, or was so no longer; empty where nobody knows. reasons: what is wrong, in words, the
    gravest first. receipts_waiting: deliver_sm that wait for their answer. retry_in_s: until the next attempt to bind,
    None when none is due. node: all figures, with the sessions below."""

    operator_id: str
    condition: Condition
    since: str
    reasons: list[str]
    receipts_waiting: int
    retry_in_s: float | None
    lease: str
    node: Node


def operator_view(node: Node) -> OperatorView:
    sessions: list[Node] = node["children"]
    condition = _condition(node)
    retries = [session["retry_in_s"] for session in sessions if not session.get("bound", True)]
    return OperatorView(
        operator_id=node["name"].partition("@")[2],
        condition=condition,
        since=_since(node, condition),
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


def _since(node: Node, condition: Condition) -> str:
    """A parent knows since when its child runs, not since when it hangs; so does an operator of its sessions."""
    if node["state"] == NO_ANSWER or (condition is Condition.DOWN and node["endpoint"]):
        return ""
    return str(node.get("health_since") or node["since"])


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
    if node["endpoint"] == "backup":
        reasons.append(_on_backup(node["failback_in_s"]))
    waiting = sum(session.get("lease") == WAITING for session in node["children"])
    if node["sessions_bound"] + waiting < node["sessions_configured"]:
        reasons.append(f"{node['sessions_bound']} of {node['sessions_configured']} sessions bound")
    if node["slowed_sessions"]:
        reasons.append(f"the operator asks for less: {node['slowed_sessions']} of its sessions slowed down")
    if node["throttle"] != THROTTLE_OK:
        reasons.append(f"TPS limit: {node['throttle']}")
    return reasons + _session_troubles(node)


def _on_backup(failback_in_s: float | None) -> str:
    if failback_in_s is None:
        return "on its backup"
    return f"on its backup, back to the preferred endpoint in {failback_in_s:.0f} s"


def _session_troubles(node: Node) -> list[str]:
    """Each different one once."""
    return list(dict.fromkeys(trouble for session in node["children"] if (trouble := _session_trouble(session))))


def _session_trouble(session: Node) -> str:
    if session["state"] != RUNNING:
        return f"{session['name']}: {session['state']}"
    if session["bound"] or session["lease"] == WAITING or not session["last_error"]:
        return ""
    return f"{session['endpoint']} {session['address']}: {session['last_error']}"
