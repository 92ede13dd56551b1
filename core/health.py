"""When an operator's health changes, over all its sessions on this replica."""

from dataclasses import dataclass

from messages.events import HealthState


@dataclass(frozen=True)
class Transition:
    state: HealthState
    previous_state: HealthState | None
    reason: str


class HealthVerdict:
    """BOUND while any session is bound; one Transition per real change, none per flap within the set."""

    def __init__(self) -> None:
        self.state: HealthState | None = None

    def sessions(self, bound: int, reason: str) -> Transition | None:
        """Told how many sessions are bound now; a start without a bind is no transition."""
        state = HealthState.BOUND if bound else HealthState.UNBOUND
        if state is self.state or (self.state is None and state is HealthState.UNBOUND):
            return None
        previous, self.state = self.state, state
        return Transition(state, previous, reason)
