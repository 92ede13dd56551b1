"""When a replica can work, by the tree of the dump."""

from typing import Any

import pytest

from actors.readiness import readiness

Node = dict[str, Any]

SHARED = ("CorrelationWriter", "correlation-writer"), ("HealthPublisher", "health-publisher")


def session(state: str = "running", *, bound: bool = False, lease: str = "no limit", last_error: str = "") -> Node:
    figures = {"bound": bound, "lease": lease, "last_error": last_error}
    return {"actor": "SessionActor", "name": "session@op@0.0", "state": state, "children": [], **figures}


def operator(*sessions: Node, state: str = "running") -> Node:
    return {"actor": "OperatorActor", "name": "operator@op", "state": state, "children": list(sessions)}


def tree(*operators: Node, operators_known: bool = True, writer: str = "running") -> Node:
    (writer_class, writer_name), (publisher_class, publisher_name) = SHARED
    router = {"actor": "DispatchRouter", "name": "dispatch-router", "state": "running", "children": list(operators)}
    children = [
        {"actor": writer_class, "name": writer_name, "state": writer, "children": []},
        {"actor": publisher_class, "name": publisher_name, "state": "running", "children": []},
        {**router, "operators_known": operators_known},
    ]
    return {"actor": "Connector", "name": "connector", "state": "running", "children": children}


BOUND = session(bound=True)
WAITING = session(lease="waiting", last_error="waits for a bind lease: limit reached")
REDIS_AWAY = session(lease="none", last_error="no bind lease: Redis does not answer")
REFUSED = session(last_error="bind refused: ESME_RINVPASWD, password refused")
BINDING = session()
STARTING = session("starting")


@pytest.mark.parametrize(
    "operators",
    [
        [],
        [operator(BOUND)],
        [operator(WAITING)],
        [operator(REFUSED, BOUND)],
        [operator(REFUSED), operator(BOUND)],
        [operator(REFUSED), operator(WAITING)],
        [operator(BOUND, state="degraded")],
        [operator(session("no answer")), operator(BOUND)],
    ],
)
def test_a_replica_with_an_operator_that_is_bound_or_rightly_waits_or_with_none_is_ready(operators: list[Node]):
    assert readiness(tree(*operators)) == (True, "ready")


@pytest.mark.parametrize("failed", [REFUSED, REDIS_AWAY, session("no answer"), session("restarting")])
def test_a_replica_whose_every_operator_fails_is_not_ready(failed: Node):
    assert readiness(tree(operator(failed))) == (False, "no operator is bound")


@pytest.mark.parametrize("untried", [operator(BINDING), operator(STARTING), operator(state="starting"), operator()])
def test_an_operator_that_was_not_tried_yet_holds_the_replica_up(untried: Node):
    assert readiness(tree(operator(BOUND), untried)) == (False, "operators that are being bound: 1")


def test_a_replica_that_was_never_told_its_operators_is_not_ready():
    assert readiness(tree(operators_known=False)) == (False, "the operators are not known yet")


@pytest.mark.parametrize("state", ["no answer", "restarting", "starting"])
def test_an_actor_that_all_operators_share_must_answer(state: str):
    assert readiness(tree(operator(BOUND), writer=state)) == (False, "not answering: correlation-writer")


def test_without_a_tree_nothing_is_ready():
    assert readiness(None) == (False, "no actor answers")
