"""What the status tree means: conditions of operators, reasons in words, the verdict."""

import pytest
from status_tree import (
    AT,
    REFUSED,
    SINCE,
    Node,
    lost_operator,
    lost_session,
    operator,
    service,
    session,
    silent,
    standby_session,
)

from actors.operator_view import Condition
from actors.overview import overview

LOST = f"primary smsc.example:2775: {REFUSED}"


@pytest.mark.parametrize(
    ("branch", "condition", "reasons"),
    [
        (operator(), Condition.BOUND, []),
        (lost_operator("alpha"), Condition.DOWN, [LOST]),
        (
            operator(silent("SessionActor", "session@alpha@0.0")),
            Condition.DOWN,
            ["session@alpha@0.0: no answer"],
        ),
        (operator(session(bound=False)), Condition.BINDING, ["is being bound for the first time"]),
        (
            silent("OperatorActor", "operator@alpha", state="starting"),
            Condition.BINDING,
            ["is being bound for the first time"],
        ),
        (silent("OperatorActor", "operator@alpha", session()), Condition.NO_ANSWER, ["its process does not answer"]),
        (
            silent("OperatorActor", "operator@alpha", state="restarting"),
            Condition.NO_ANSWER,
            ["its process is being started anew"],
        ),
        (operator(state="draining"), Condition.DRAINING, ["is being stopped"]),
        (
            operator(standby_session(), state="degraded", sessions_bound=0),
            Condition.WAITING,
            ["waits for a bind lease: other replicas hold all binds that the operator allows"],
        ),
        (
            operator(session(endpoint="backup"), lost_session(), endpoint="backup"),
            Condition.IMPAIRED,
            ["on its backup", LOST],
        ),
        (
            operator(session(endpoint="backup"), session(), endpoint="backup", failback_in_s=41.7),
            Condition.IMPAIRED,
            ["on its backup, back to the preferred endpoint in 42 s"],
        ),
        (
            operator(session(), lost_session(), sessions_configured=2),
            Condition.IMPAIRED,
            ["1 of 2 sessions bound", LOST],
        ),
        (operator(session(), standby_session(), sessions_configured=2), Condition.BOUND, []),
        (
            operator(slowed_sessions=1),
            Condition.IMPAIRED,
            ["the operator asks for less: 1 of its sessions slowed down"],
        ),
        (operator(throttle="Redis unavailable"), Condition.IMPAIRED, ["TPS limit: Redis unavailable"]),
    ],
)
def test_an_operator_stands_as_its_sessions_and_says_why(branch: Node, condition: Condition, reasons: list[str]):
    (view,) = overview(branch, AT).operators

    assert (view.condition, view.reasons) == (condition, reasons)


def test_the_same_trouble_of_many_sessions_is_told_once():
    (view,) = overview(operator(lost_session(), lost_session(), state="degraded"), AT).operators

    assert view.reasons == [LOST]


def test_a_view_adds_up_its_sessions():
    sessions = (
        session(deliveries_unsettled=3, lease="token 7"),
        lost_session(retry_in_s=9.0, lease="waiting", deliveries_unsettled=1),
        lost_session(retry_in_s=2.5, deliveries_unsettled=0),
    )
    (view,) = overview(operator(*sessions), AT).operators

    assert (view.receipts_waiting, view.retry_in_s, view.lease) == (4, 2.5, "no limit, token 7, waiting")
    assert (view.operator_id, view.since) == ("alpha", SINCE)


@pytest.mark.parametrize(
    "branch",
    [silent("OperatorActor", "operator@alpha", session()), operator(silent("SessionActor", "session@alpha@0.0"))],
)
def test_since_when_something_hangs_is_not_known(branch: Node):
    (view,) = overview(branch, AT).operators

    assert view.since == ""


def test_a_bound_operator_has_no_next_try():
    (view,) = overview(operator(), AT).operators

    assert view.retry_in_s is None


BRAVO_STANDBY = operator(standby_session("bravo"), operator_id="bravo", state="degraded", sessions_bound=0)
BRAVO_SLOW = operator(operator_id="bravo", slowed_sessions=1)


@pytest.mark.parametrize(
    ("tree", "is_healthy", "headline"),
    [
        (service(operator()), True, "healthy: 1 operator bound, 5 actors running"),
        (service(), True, "healthy: 0 operators bound, 3 actors running"),
        (service(operator(), BRAVO_SLOW), True, "healthy: 1 of 2 operators impaired (bravo)"),
        (service(operator(), lost_operator("bravo")), False, "degraded: 1 of 2 operators down (bravo)"),
        (service(BRAVO_STANDBY), True, "healthy: 1 of 1 operators waiting (bravo)"),
        (
            service(operator(session(state="draining"), session())),
            False,
            "degraded: session@alpha@0.0 draining; 1 of 1 operators impaired (alpha)",
        ),
        (service(operators_known=False), False, "degraded: the operators are not known yet"),
        (
            service(operator()) | {"state": "draining"},
            False,
            "degraded: connector draining",
        ),
        (
            service(operator(), state="degraded", last_error="operator-management-service: timed out"),
            False,
            "degraded: dispatch-router degraded: operator-management-service: timed out",
        ),
        (
            service(*(lost_operator(f"op{number}") for number in range(6))),
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
        operator(operator_id="well"),
        lost_operator("down"),
        operator(operator_id="also-well"),
        silent("OperatorActor", "operator@silent"),
        operator(operator_id="slow", slowed_sessions=1),
    )

    assert [view.operator_id for view in overview(tree, AT).operators] == [
        "silent",
        "down",
        "slow",
        "also-well",
        "well",
    ]


def test_the_other_actors_are_told_without_their_children():
    actors = overview(service(operator()), AT).actors

    assert [actor["name"] for actor in actors] == ["connector", "dispatch-router", "health-publisher"]
    assert all("children" not in actor for actor in actors)
