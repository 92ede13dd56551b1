"""What the status tree means: conditions of operators, reasons in words, the verdict."""

from typing import Any

import pytest

from actors.overview import Condition, overview

Node = dict[str, Any]

AT = "2026-01-02T12:00:00.000Z"
BOUND_SINCE = "2026-01-02T11:00:00.000Z"
REFUSED = "bind refused: ESME_RINVPASWD, password refused"


def node(actor: str, name: str, *children: Node, state: str = "running", **figures: Any) -> Node:
    own = {"actor": actor, "name": name, "pid": 4711, "state": state, "since": AT, "restarts": 0}
    return {**own, **figures, "children": list(children)}


def session(operator_id: str = "alpha", index: str = "0.0", *, state: str = "running", **figures: Any) -> Node:
    usual = {"endpoint": "primary", "address": "smsc:2775", "bound": True, "last_error": "", "retry_in_s": 0.0}
    told = (
        {**usual, "lease": "no limit", "deliveries_unsettled": 0, **figures}
        if state not in ("no answer", "starting")
        else {}
    )
    return node("SessionActor", f"session@{operator_id}@{index}", state=state, **told)


def operator(*sessions: Node, operator_id: str = "alpha", state: str = "running", **figures: Any) -> Node:
    usual = {"endpoint": "primary", "sessions_bound": 1, "sessions_configured": 1, "health_since": BOUND_SINCE}
    return node("OperatorActor", f"operator@{operator_id}", *sessions, state=state, **{**usual, **figures})


def service(*operators: Node, **router: Any) -> Node:
    writer = node("CorrelationWriter", "correlation-writer")
    known = {"operators_known": True, **router}
    return node("Connector", "connector", writer, node("DispatchRouter", "dispatch-router", *operators, **known))


WELL = operator(session())
LOST = session(bound=False, last_error=REFUSED, retry_in_s=4.0)
STANDBY = session(bound=False, last_error="waits for a bind lease: limit reached", lease="waiting")


@pytest.mark.parametrize(
    ("branch", "condition", "reasons"),
    [
        (WELL, Condition.BOUND, []),
        (operator(LOST, state="degraded"), Condition.DOWN, [f"primary smsc:2775: {REFUSED}"]),
        (operator(session(state="no answer")), Condition.DOWN, ["session@alpha@0.0: no answer"]),
        (operator(session(bound=False)), Condition.BINDING, ["is being bound for the first time"]),
        (operator(state="starting"), Condition.BINDING, ["is being bound for the first time"]),
        (operator(session(), state="no answer"), Condition.NO_ANSWER, ["its process does not answer"]),
        (operator(session(), state="restarting"), Condition.NO_ANSWER, ["its process is being started anew"]),
        (operator(session(), state="draining"), Condition.DRAINING, ["is being stopped"]),
        (
            operator(STANDBY, state="degraded"),
            Condition.WAITING,
            ["waits for a bind lease: other replicas hold all binds that the operator allows"],
        ),
        (
            operator(session(endpoint="backup"), LOST, endpoint="backup"),
            Condition.IMPAIRED,
            ["on its backup", f"primary smsc:2775: {REFUSED}"],
        ),
        (
            operator(session(endpoint="backup"), session(), endpoint="backup", failback_in_s=41.7),
            Condition.IMPAIRED,
            ["on its backup, back to the preferred endpoint in 42 s"],
        ),
        (
            operator(session(), LOST, sessions_configured=2),
            Condition.IMPAIRED,
            ["1 of 2 sessions bound", f"primary smsc:2775: {REFUSED}"],
        ),
        (operator(session(), STANDBY, sessions_configured=2), Condition.BOUND, []),
        (
            operator(session(), slowed_sessions=1),
            Condition.IMPAIRED,
            ["the operator asks for less: 1 of its sessions slowed down"],
        ),
        (operator(session(), throttle="Redis unavailable"), Condition.IMPAIRED, ["TPS limit: Redis unavailable"]),
    ],
)
def test_an_operator_stands_as_its_sessions_and_says_why(branch: Node, condition: Condition, reasons: list[str]):
    (view,) = overview(branch, AT).operators

    assert (view.condition, view.reasons) == (condition, reasons)


def test_the_same_trouble_of_many_sessions_is_told_once():
    (view,) = overview(operator(LOST, LOST, state="degraded"), AT).operators

    assert view.reasons == [f"primary smsc:2775: {REFUSED}"]


def test_a_view_adds_up_its_sessions():
    sessions = (
        session(deliveries_unsettled=3, lease="token 7"),
        session(bound=False, retry_in_s=9.0, lease="waiting", deliveries_unsettled=1),
        session(bound=False, retry_in_s=2.5),
    )
    (view,) = overview(operator(*sessions), AT).operators

    assert (view.receipts_waiting, view.retry_in_s, view.lease) == (4, 2.5, "no limit, token 7, waiting")
    assert (view.operator_id, view.since) == ("alpha", BOUND_SINCE)


def test_a_bound_operator_has_no_next_try():
    (view,) = overview(WELL, AT).operators

    assert view.retry_in_s is None


def named(operator_id: str, *sessions: Node, **figures: Any) -> Node:
    return operator(*sessions, operator_id=operator_id, **figures)


@pytest.mark.parametrize(
    ("tree", "is_healthy", "headline"),
    [
        (service(WELL), True, "healthy: 1 operator bound, 5 actors running"),
        (service(), True, "healthy: 0 operators bound, 3 actors running"),
        (
            service(WELL, named("bravo", session(), slowed_sessions=1)),
            True,
            "healthy: 1 of 2 operators impaired (bravo)",
        ),
        (
            service(WELL, named("bravo", LOST, state="degraded")),
            False,
            "degraded: 1 of 2 operators down (bravo)",
        ),
        (service(named("bravo", STANDBY, state="degraded")), True, "healthy: 1 of 1 operators waiting (bravo)"),
        (
            service(operator(session("alpha", state="draining"), session())),
            False,
            "degraded: session@alpha@0.0 draining; 1 of 1 operators impaired (alpha)",
        ),
        (service(operators_known=False), False, "degraded: the operators are not known yet"),
        (
            service(WELL, state="degraded", last_error="operator-management-service: timed out"),
            False,
            "degraded: dispatch-router degraded: operator-management-service: timed out",
        ),
        (
            service(*(named(f"op{number}", LOST, state="degraded") for number in range(6))),
            False,
            "degraded: 6 of 6 operators down (op0, op1, op2, op3 and 2 more)",
        ),
        ({}, False, "degraded: no actor answers"),
    ],
)
def test_the_headline_is_the_verdict(tree: Node, is_healthy: bool, headline: str):
    seen = overview(tree, AT)

    assert (seen.is_healthy, seen.headline) == (is_healthy, headline)


def test_operators_in_trouble_come_first():
    tree = service(
        named("well", session()),
        named("down", LOST, state="degraded"),
        named("also-well", session()),
        named("silent", state="no answer"),
        named("slow", session(), slowed_sessions=1),
    )

    assert [view.operator_id for view in overview(tree, AT).operators] == [
        "silent",
        "down",
        "slow",
        "also-well",
        "well",
    ]


def test_the_other_actors_are_told_without_their_children():
    assert [actor["name"] for actor in overview(service(WELL), AT).actors] == [
        "connector",
        "correlation-writer",
        "dispatch-router",
    ]
    assert all("children" not in actor for actor in overview(service(WELL), AT).actors)
