"""The recent past of an operator as its actor shows it: rate, events, the last error."""

import time

from actors.runtime.body import Figures
from config.operators import OperatorConfig
from core.failover import Move
from core.history import EventHistory, RateHistory
from core.wall_clock import rfc3339
from messages.control import SessionBound, SessionUnbound


class OperatorHistory:
    """Told what the actor learns; its rates are of spans of about `span_s`, which the actor closes."""

    def __init__(self, operator: OperatorConfig, span_s: float) -> None:
        self._operator = operator
        self._span_s = span_s
        self._events = EventHistory()
        self._last_error = ""
        self._last_error_at = ""
        self._failovers = 0
        self._carrier: int | None = None
        self.rate = RateHistory(time.monotonic())

    def configure(self, operator: OperatorConfig) -> None:
        self._operator = operator
        self._note("new settings")

    def session_bound(self, told: SessionBound) -> None:
        self._note(f"session {_number(told.name)} bound as {told.mode}")

    def session_unbound(self, told: SessionUnbound) -> None:
        self._note(f"session {_number(told.name)}: {told.reason}")
        if told.endpoint_failed:
            self._failed(told.reason)

    def session_died(self, name: str, reason: str) -> None:
        self._note(f"session {_number(name)}: {reason}")
        self._failed(reason)

    def moved(self, move: Move, reason: str) -> None:
        """The traffic, from one endpoint to another."""
        if move.to_endpoint is None:
            self._note(f"UNBOUND: {reason}")
            return
        role = self._operator.endpoints[move.to_endpoint].role.value
        self._failovers += self._carrier not in (None, move.to_endpoint)
        self._carrier = move.to_endpoint
        self._note(f"FAILBACK to {role}" if move.is_failback else f"BOUND at {role}")

    def figures(self) -> Figures:
        return {
            "failovers": self._failovers,
            "last_error": self._last_error,
            "last_error_at": self._last_error_at,
            "rate_span_s": self._span_s,
            "rates": self.rate.rates,
            "events": [
                {"at": rfc3339(event.at), "what": event.what, "times": event.times} for event in self._events.events
            ],
        }

    def _failed(self, reason: str) -> None:
        self._last_error, self._last_error_at = reason, rfc3339(time.time())

    def _note(self, what: str) -> None:
        self._events.note(what, time.time())


def _number(session: str) -> str:
    """What tells it from the operator's others: endpoint and index."""
    return session.rpartition("@")[2]
