"""What the dump says of each actor: a state, since when, and its figures in words and units."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from actors.operator_view import NO_ANSWER, Condition, OperatorView
from actors.overview import Overview

Node = dict[str, Any]

OWN = frozenset({"actor", "name", "pid", "state", "since", "restarts", "children"})
# Told in words of their own; the figures of other names are shown as they are.
OF_OPERATOR = frozenset(
    {"operator_id", "operator_name", "health", "health_since", "endpoint", "address", "failback_in_s"}
    | {"sessions_bound", "sessions_configured", "queue", "window", "window_in_use", "slowed_sessions"}
    | {"tps_limit", "tps_used", "throttle", "failovers", "last_error", "last_error_at"}
    | {"rate_span_s", "rates", "events"}
)
OF_SESSION = frozenset(
    {"endpoint", "address", "bound", "bound_since", "mode", "window", "window_in_use", "deliveries_unsettled"}
    | {"credentials_version", "last_error", "retry_in_s", "lease"}
)
UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


class Told(NamedTuple):
    """Of one actor. state: in one or two words. since: RFC 3339, empty where not known. details: a line each, made
    of parts that belong together."""

    state: str
    since: str
    details: list[list[str]]


def told(node: Node, view: OperatorView | None, now: datetime) -> Told:
    """view: of an OperatorActor's node. now: what ages are counted to."""
    if view is not None:
        state = "impaired, bound" if view.condition is Condition.IMPAIRED else view.condition.value
        return Told(state, view.since, list(_of_operator(node, view, now)))
    if node["actor"] == "SessionActor" and "bound" in node:
        return _of_session(node)
    return Told(node["state"], "" if node["state"] == NO_ANSWER else node["since"], [_others(node, ())])


def views(seen: Overview) -> dict[str, OperatorView]:
    """By the name of the OperatorActor."""
    return {view.node["name"]: view for view in seen.operators}


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


def next_try(retry_in_s: float) -> str:
    """Of a bind; 0: it is under way."""
    return f"next try in {_number(retry_in_s)} s" if retry_in_s else "is being tried"


def _of_operator(node: Node, view: OperatorView, now: datetime) -> Iterator[list[str]]:
    if "health" in node:
        place = f"at its {node['endpoint']} {node['address']}" if node["endpoint"] else "at no endpoint"
        yield [place, f"sessions bound {node['sessions_bound']} of {node['sessions_configured']}"]
        yield [
            f"sends {_number(node['tps_used'])} of {_number(node['tps_limit'])}/s",
            f"window {node['window_in_use']} of {node['window']}",
            f"queue {node['queue']}",
            f"receipts waiting {view.receipts_waiting}",
        ]
        yield [f"bind lease {view.lease}", f"failovers {node['failovers']}", *_others(node, OF_OPERATOR)]
    if node.get("last_error"):
        yield [f"last error {age(node['last_error_at'], now)} ago: {node['last_error']}"]


def _of_session(node: Node) -> Told:
    details = [[f"{node['endpoint']} {node['address']}"]]
    if not node["bound"]:
        details[0].append(next_try(node["retry_in_s"]))
    if node["last_error"]:
        details.append([f"last error: {node['last_error']}"])
    details.append(
        [
            f"window {node['window_in_use']} of {node['window']}",
            f"receipts waiting {node['deliveries_unsettled']}",
            f"bind lease {node['lease']}",
            f"credentials version {node['credentials_version']}",
            *_others(node, OF_SESSION),
        ]
    )
    return Told(f"bound {node['mode']}" if node["bound"] else "not bound", node["bound_since"], details)


def _others(node: Node, known: Collection[str]) -> list[str]:
    """Figures without words of their own; empty ones say nothing."""
    unsaid = OWN.union(known)
    figures = ((name, value) for name, value in node.items() if name not in unsaid and value != "")
    return [f"{name.replace('_', ' ')} {_shown(value)}" for name, value in figures]


def _shown(value: Any) -> str:
    return {None: "-", True: "yes", False: "no"}[value] if value is None or isinstance(value, bool) else str(value)


def _number(value: float) -> str:
    return str(round(value, 1)).removesuffix(".0")
