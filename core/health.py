"""When an operator's health changes, over all its sessions on this replica."""

from dataclasses import dataclass

from core.failover import Move
from messages.events import HealthState


@dataclass(frozen=True)
class Transition:
    state: HealthState
    previous_state: HealthState | None
    reason: str


class HealthVerdict:
    """BOUND while some endpoint carries the traffic; FAILBACK when it has returned to the primary. A start without a
    bind is no transition, and what happens within the set of sessions is none either."""

    def __init__(self) -> None:
        self.state: HealthState | None = None

    def moved(self, move: Move, reason: str) -> Transition | None:
        """The transition that a move of the traffic is; None for one to another backup, which stays BOUND."""
        if move.from_endpoint == move.to_endpoint:
            return None
        if move.to_endpoint is None:
            return self._change(HealthState.UNBOUND, reason)
        if move.is_failback:
            return self._change(HealthState.FAILBACK, reason)
        if move.from_endpoint is None:
            return self._change(HealthState.BOUND, reason)
        return None

    def _change(self, state: HealthState, reason: str) -> Transition:
        previous, self.state = self.state, state
        return Transition(state, previous, reason)
