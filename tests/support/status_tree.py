"""Status trees as a service gives them, for tests of what is made of them."""

from typing import Any

Node = dict[str, Any]

AT = "2026-01-02T12:00:00.000Z"  # when they are looked at
SINCE = "2026-01-02T11:58:30.000Z"
AGE = "1m 30s"

REFUSED = "bind refused: ESME_RINVPASWD, password refused"


def node(actor: str, name: str, *children: Node, state: str = "running", **figures: Any) -> Node:
    """With the fields that all nodes have."""
    own = {"actor": actor, "name": name, "pid": 4711, "state": state, "since": SINCE, "restarts": 0}
    return {**own, **figures, "children": list(children)}


def session(operator_id: str = "alpha", index: str = "0.0", **figures: Any) -> Node:
    """Bound, where the figures do not say otherwise."""
    usual = {
        "endpoint": "primary",
        "address": "smsc.example:2775",
        "bound": True,
        "bound_since": SINCE,
        "mode": "TRX",
        "window": 200,
        "window_in_use": 3,
        "deliveries_unsettled": 2,
        "credentials_version": 1,
        "last_error": "",
        "retry_in_s": 0.0,
        "lease": "no limit",
    }
    return node("SessionActor", f"session@{operator_id}@{index}", **{**usual, **figures})


def lost_session(operator_id: str = "alpha", index: str = "0.0", **figures: Any) -> Node:
    return session(operator_id, index, **{"bound": False, "last_error": REFUSED, "retry_in_s": 4.0, **figures})


def standby_session(operator_id: str = "alpha", index: str = "0.0") -> Node:
    """Other replicas hold all binds that the operator allows."""
    waits = "waits for a bind lease: limit reached"
    return session(operator_id, index, bound=False, last_error=waits, lease="waiting", retry_in_s=0.5)


def silent(actor: str, name: str, *children: Node, state: str = "no answer") -> Node:
    """An actor of which only its parent tells."""
    return node(actor, name, *children, state=state)


def operator(*sessions: Node, operator_id: str = "alpha", state: str = "running", **figures: Any) -> Node:
    """Bound at its primary, where the figures do not say otherwise."""
    usual = {
        "operator_id": operator_id,
        "operator_name": "",
        "health": "BOUND",
        "health_since": SINCE,
        "endpoint": "primary",
        "address": "smsc.example:2775",
        "failback_in_s": None,
        "sessions_bound": 1,
        "sessions_configured": 1,
        "queue": 7,
        "demand": 40,
        "window": 200,
        "window_in_use": 3,
        "slowed_sessions": 0,
        "tps_limit": 100,
        "tps_used": 12.5,
        "throttle": "ok",
        "failovers": 0,
        "last_error": "",
        "last_error_at": "",
        "rate_span_s": 2.0,
        "rates": [1.0, 4.0, 2.5],
        "events": [{"at": SINCE, "what": "BOUND at primary", "times": 1}],
    }
    name = f"operator@{operator_id}"
    return node("OperatorActor", name, *(sessions or [session(operator_id)]), state=state, **{**usual, **figures})


def lost_operator(operator_id: str, **figures: Any) -> Node:
    """Nothing of it is bound."""
    nowhere = {"health": "UNBOUND", "endpoint": "", "address": "", "sessions_bound": 0, "tps_used": 0.0}
    told = {**nowhere, "last_error": REFUSED, "last_error_at": SINCE, **figures}
    return operator(lost_session(operator_id), operator_id=operator_id, state="degraded", **told)


def service(*operators: Node, **router: Any) -> Node:
    """The tree of the replica pod-1; router: figures of its DispatchRouter."""
    known = {"operators_known": True, "nats": "connected", **router}
    children = (
        node("DispatchRouter", "dispatch-router", *operators, **known),
        node("HealthPublisher", "health-publisher"),
    )
    return node("Connector", "connector", *children, connector_id="pod-1", version="1.2.3")
