"""One transition per real change of an operator's health."""

import pytest

from core.failover import Move
from core.health import HealthVerdict, Transition
from messages.events import HealthState

PRIMARY, BACKUP, LAST_BACKUP, NOWHERE = 0, 1, 2, None


def transitions(*moves: tuple[Move, str]) -> list[Transition | None]:
    verdict = HealthVerdict()
    return [verdict.moved(move, reason) for move, reason in moves]


def after(state: HealthState) -> HealthVerdict:
    verdict = HealthVerdict()
    verdict.state = state
    return verdict


def test_health_is_unknown_before_the_first_bind():
    assert HealthVerdict().state is None


@pytest.mark.parametrize("endpoint", [PRIMARY, BACKUP])
def test_the_first_bind_is_a_transition_from_nothing_at_whatever_endpoint(endpoint: int):
    assert transitions((Move(NOWHERE, endpoint), "bound")) == [Transition(HealthState.BOUND, None, "bound")]


def test_the_loss_of_the_last_session_is_a_transition_and_so_is_the_return():
    assert transitions(
        (Move(NOWHERE, PRIMARY), "bound"), (Move(PRIMARY, NOWHERE), "link lost"), (Move(NOWHERE, PRIMARY), "bound")
    ) == [
        Transition(HealthState.BOUND, None, "bound"),
        Transition(HealthState.UNBOUND, HealthState.BOUND, "link lost"),
        Transition(HealthState.BOUND, HealthState.UNBOUND, "bound"),
    ]


def test_a_backup_that_takes_over_after_a_gap_is_bound_and_no_failback():
    assert after(HealthState.UNBOUND).moved(Move(NOWHERE, BACKUP), "bound") == Transition(
        HealthState.BOUND, HealthState.UNBOUND, "bound"
    )


@pytest.mark.parametrize("backup", [BACKUP, LAST_BACKUP])
def test_a_return_to_the_primary_without_a_gap_is_a_failback(backup: int):
    assert after(HealthState.BOUND).moved(Move(backup, PRIMARY), "answers again") == Transition(
        HealthState.FAILBACK, HealthState.BOUND, "answers again"
    )


def test_the_loss_after_a_failback_names_it():
    assert after(HealthState.FAILBACK).moved(Move(PRIMARY, NOWHERE), "link lost") == Transition(
        HealthState.UNBOUND, HealthState.FAILBACK, "link lost"
    )


def test_a_move_between_backups_is_none_and_stays_bound():
    verdict = after(HealthState.BOUND)

    assert (verdict.moved(Move(LAST_BACKUP, BACKUP), "answers again"), verdict.state) == (None, HealthState.BOUND)
