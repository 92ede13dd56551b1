"""What the operator tells the world of its health: one event per real transition, kept until it is published."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from actors.runtime.lanes import LaneClient
from actors.runtime.surroundings import surroundings
from adapters.telemetry import metrics
from config.operators import EndpointRole, OperatorConfig
from core.failover import Move
from core.health import HealthVerdict, Transition
from core.wall_clock import rfc3339
from messages.events import HealthState, OperatorHealthEvent
from messages.lanes import HealthTransition

if TYPE_CHECKING:
    from prometheus_client import Counter

NOT_BOUND_YET = "not bound yet"


class HealthReporter:
    """Told each move of the traffic between endpoints."""

    def __init__(self, operator: OperatorConfig, lane: LaneClient, counts: Callable[[], tuple[int, int]]) -> None:
        """counts: sessions bound and sessions wanted, as of now."""
        self._operator = operator
        self._lane = lane
        self._counts = counts
        self._verdict = HealthVerdict()
        self._carrier: int | None = None
        self._role = EndpointRole.PRIMARY
        self._last: OperatorHealthEvent | None = None
        self.since = rfc3339(time.time())
        """Since when `state` is so."""
        self._moves = {role: self._counter(role) for role in EndpointRole}
        lane.on_connect = self._tell_again
        self._show()

    @property
    def state(self) -> str:
        return self._verdict.state.value if self._verdict.state else NOT_BOUND_YET

    def configure(self, operator: OperatorConfig) -> None:
        self._operator = operator

    def moved(self, move: Move, reason: str) -> None:
        if move.to_endpoint is not None:
            self._carried_by(move.to_endpoint)
        transition = self._verdict.moved(move, reason)
        if transition is not None:
            self._last = self._event(transition)
            self.since = self._last.at
            self._lane.send(HealthTransition(self._last))
        self._show()

    @property
    def unconfirmed(self) -> int:
        return self._lane.unconfirmed

    def _tell_again(self) -> None:
        if self._last is not None:
            self._lane.send(HealthTransition(self._last, is_new=False))

    def _carried_by(self, endpoint: int) -> None:
        """Its role is kept with it: when the traffic leaves it, the settings may not know it any more."""
        self._role = self._operator.endpoints[endpoint].role
        if self._carrier not in (None, endpoint):
            self._moves[self._role].inc()
        self._carrier = endpoint

    def _event(self, transition: Transition) -> OperatorHealthEvent:
        at = rfc3339(time.time())
        connector_id = surroundings().settings.connector_id
        bound, configured = self._counts()
        return OperatorHealthEvent(
            event_id=f"{self._operator.operator_id}.{connector_id}.{transition.state.value}.{at}",
            operator_id=self._operator.operator_id,
            state=transition.state,
            previous_state=transition.previous_state,
            endpoint=self._role,
            reason=transition.reason,
            sessions_bound=bound,
            sessions_configured=configured,
            connector_id=connector_id,
            at=at,
        )

    def _counter(self, to: EndpointRole) -> "Counter":
        return metrics.counter("smpp_failovers_total", operator=self._operator.operator_id, to=to.value)

    def _show(self) -> None:
        is_bound = self._verdict.state in (HealthState.BOUND, HealthState.FAILBACK)
        metrics.gauge("smpp_operator_bound", operator=self._operator.operator_id).set(int(is_bound))
