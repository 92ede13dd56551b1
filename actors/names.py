"""Names of actors: each is also the file name of its lane, and the parent's is in it where a parent has many."""

CONNECTOR = "connector"
DISPATCH_ROUTER = "dispatch-router"
CORRELATION_WRITER = "correlation-writer"
RECEIPT_PUBLISHER = "receipt-publisher"
HEALTH_PUBLISHER = "health-publisher"


def operator_name(operator_id: str) -> str:
    return f"operator@{operator_id}"


def session_name(operator_id: str, endpoint: int, index: int) -> str:
    """endpoint: its number in the operator's settings, 0 for the first."""
    return f"session@{operator_id}@{endpoint}.{index}"


def sessions_of(operator_id: str) -> str:
    """A pattern for the names of all its sessions (glob)."""
    return f"session@{operator_id}@*"


def ids_of(name: str) -> tuple[str, str]:
    """operator_id and session, as in a line of the log; empty where the actor has none."""
    kind, *rest = name.split("@")
    return rest[0] if rest else "", name if kind == "session" else ""


def parent_name(name: str) -> str | None:
    """The parent's name, None for the root; needed when the parent itself does not answer."""
    kind, *rest = name.split("@")
    if name == CONNECTOR:
        return None
    if kind == "session":
        return operator_name(rest[0])
    return DISPATCH_ROUTER if kind == "operator" else CONNECTOR
