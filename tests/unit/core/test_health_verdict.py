"""One transition per real change of an operator's health."""

from core.health import HealthVerdict, Transition
from messages.events import HealthState


def transitions(*seen: tuple[int, str]) -> list[Transition | None]:
    verdict = HealthVerdict()
    return [verdict.sessions(bound, reason) for bound, reason in seen]


def test_the_first_bind_is_a_transition_from_nothing():
    assert transitions((1, "bound")) == [Transition(HealthState.BOUND, None, "bound")]


def test_a_start_without_a_bind_is_no_transition():
    assert transitions((0, "connect failed"), (0, "connect failed"), (1, "bound")) == [
        None,
        None,
        Transition(HealthState.BOUND, None, "bound"),
    ]


def test_the_loss_of_the_last_session_is_a_transition_and_so_is_the_return():
    assert transitions((1, "bound"), (0, "link lost"), (0, "connect failed"), (1, "bound")) == [
        Transition(HealthState.BOUND, None, "bound"),
        Transition(HealthState.UNBOUND, HealthState.BOUND, "link lost"),
        None,
        Transition(HealthState.BOUND, HealthState.UNBOUND, "bound"),
    ]


def test_flaps_within_the_set_of_sessions_are_none():
    assert transitions((2, "bound"), (1, "link lost"), (2, "bound"), (1, "link lost")) == [
        Transition(HealthState.BOUND, None, "bound"),
        None,
        None,
        None,
    ]
