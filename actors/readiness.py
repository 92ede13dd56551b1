"""Whether a replica can work, read from the tree of the dump."""

from enum import Enum

from actors.inspection import Node, nodes_of
from actors.names import DISPATCH_ROUTER
from core.bind_lease import WAITING

BY_THE_OPERATOR = ("OperatorActor", "SessionActor")  # one that is silent takes its operator, not the replica
SILENT = ("no answer", "restarting", "starting")


class Standing(Enum):
    """Of an operator at this replica."""

    BOUND = "bound"
    WAITING = "waiting for a bind lease"  # others hold all binds that it allows: nothing is wrong
    BINDING = "binding"  # for the first time; how it ends is not known
    FAILED = "failed"


def readiness(tree: Node | None) -> tuple[bool, str]:
    """Ready: what all operators share answers, the operators are known, each was tried, and some operator is bound or
    rightly waits, or there is none. One that fails holds nobody up: its trouble is not this replica's."""
    if tree is None:
        return False, "no actor answers"
    shared = [node for node in nodes_of(tree) if node["actor"] not in BY_THE_OPERATOR]
    if silent := [node["name"] for node in shared if node["state"] in SILENT]:
        return False, f"not answering: {', '.join(silent)}"
    if not any(node["name"] == DISPATCH_ROUTER and node["operators_known"] for node in shared):
        return False, "the operators are not known yet"
    standings = [standing(node) for node in nodes_of(tree) if node["actor"] == "OperatorActor"]
    if binding := standings.count(Standing.BINDING):
        return False, f"operators that are being bound: {binding}"
    if standings and set(standings) == {Standing.FAILED}:
        return False, "no operator is bound"
    return True, "ready"


def standing(operator: Node) -> Standing:
    """Of an OperatorActor's node: the best of its sessions."""
    of_sessions = {_of_session(session) for session in operator["children"]}
    if not of_sessions and operator["state"] != "no answer":
        return Standing.BINDING
    return next((one for one in Standing if one in of_sessions), Standing.FAILED)


def _of_session(session: Node) -> Standing:
    if session["state"] in SILENT:
        return Standing.BINDING if session["state"] == "starting" else Standing.FAILED
    if session["bound"]:
        return Standing.BOUND
    if session["lease"] == WAITING:
        return Standing.WAITING
    return Standing.FAILED if session["last_error"] else Standing.BINDING
