"""An operator's submits between the router and its sessions: which goes where, when, and what becomes of it.

Every order ends in exactly one of: accepted by the SMSC (the session tells the CorrelationWriter), concluded here,
or given back to JetStream. Times are monotonic seconds unless named wall.
"""

from collections.abc import Iterable

from config.operators import MOST_HELD_S, OperatorConfig, UnknownOutcome
from core.answers import MAX_ATTEMPTS, Action, action_of
from core.intake import mark_possibly_sent
from core.order_queue import Order, OrderQueue
from core.session_view import SessionView
from messages.lanes import Concluded, Conclusion, SubmitReport, Unsubmitted

GIVE_BACK_DELAY_S = 1.0  # another replica may have a bind; this one must not get it back at once
UNSURE_DELAY_S = 3.0  # time for the answers that a dead session had read to be stored


class Traffic:
    """Orders waiting, orders in hand of the sessions, and the conclusions to pass on."""

    def __init__(self, operator: OperatorConfig, session_names: Iterable[str]) -> None:
        self._unknown_outcome = operator.unknown_outcome
        self._queue = OrderQueue()
        self._concluded: list[Concluded] = []
        self.sessions = {name: SessionView(name, operator.session_window()) for name in session_names}
        self.unknown_outcomes = 0

    # Figures.

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def in_hand(self) -> int:
        return sum(len(session.in_hand) for session in self.sessions.values())

    @property
    def any_bound(self) -> bool:
        return any(session.bound for session in self.sessions.values())

    def free_slots(self, now: float) -> int:
        return sum(session.free_slots(now) for session in self.sessions.values())

    def paused_for_s(self, now: float) -> float:
        """Seconds until the first paused session goes on; 0 when none is paused."""
        pauses = [session.paused_until - now for session in self.sessions.values() if session.paused_until > now]
        return min(pauses, default=0.0)

    # Orders in.

    def add(self, orders: Iterable[Order]) -> None:
        for order in orders:
            self._queue.push(order)

    def conclude(self, concluded: Iterable[Concluded]) -> None:
        self._concluded += concluded

    def take_concluded(self) -> list[Concluded]:
        concluded, self._concluded = self._concluded, []
        return concluded

    # Orders out.

    def assign(self, permits: int, now: float, wall_now: float) -> dict[str, list[Order]]:
        """Hands waiting orders to the sessions with the most room, one permit each."""
        assigned: dict[str, list[Order]] = {}
        while permits and self._queue:
            session = max(self.sessions.values(), key=lambda one: one.free_slots(now), default=None)
            if session is None or not session.free_slots(now):
                break
            order = self._queue.pop()
            if order.expires_at is not None and wall_now >= order.expires_at:
                self._end(order, Conclusion.EXPIRED)
                continue
            permits -= 1
            order.attempts += 1
            session.in_hand[order.key] = order
            assigned.setdefault(session.name, []).append(order)
        return assigned

    def give_back_old(self, now: float) -> None:
        for order in self._queue.take_older_than(now - MOST_HELD_S):
            self._end(order, Conclusion.GIVE_BACK, delay_s=GIVE_BACK_DELAY_S)

    def give_back_waiting(self) -> None:
        """What waits belongs to JetStream, so that a replica with a bind can take it."""
        for order in self._queue.drain():
            self._end(order, Conclusion.GIVE_BACK, delay_s=GIVE_BACK_DELAY_S)

    # Answers.

    def reported(self, name: str, report: SubmitReport, now: float) -> None:
        session = self.sessions[name]
        for key in report.accepted:
            session.in_hand.pop(key, None)
        if report.accepted:
            session.answered_well()
        for refusal in report.refused:
            if order := session.in_hand.pop(refusal.key, None):
                self._refused(session, order, refusal.command_status, now)
        for back in reversed(report.returned):
            if order := session.in_hand.pop(back.key, None):
                self._returned(order, back.why)

    def not_handed_over(self, name: str, orders: list[Order]) -> None:
        """The session's lane was gone before the orders were written to it."""
        for order in reversed(orders):
            del self.sessions[name].in_hand[order.key]
            self._returned(order, Unsubmitted.NOT_SENT)

    def _refused(self, session: SessionView, order: Order, command_status: int, now: float) -> None:
        action = action_of(command_status)
        if action is Action.SLOW_DOWN:
            order.attempts -= 1
            session.throttled(now)
        if action is Action.REFUSE or order.attempts >= MAX_ATTEMPTS:
            self._end(order, Conclusion.REFUSED, command_status)
        else:
            self._queue.push_first(order)

    def _returned(self, order: Order, why: Unsubmitted) -> None:
        if why is Unsubmitted.NOT_SENT:
            order.attempts -= 1
            self._queue.push_first(order)
            return
        self.unknown_outcomes += 1
        if self._unknown_outcome is UnknownOutcome.REPORT or order.attempts >= MAX_ATTEMPTS:
            self._end(order, Conclusion.REPORTED)
        else:
            mark_possibly_sent(order)
            self._queue.push_first(order)

    # Sessions.

    def session_bound(self, name: str, endpoint: int, mode: str) -> None:
        self.sessions[name].bind(endpoint, mode)

    def session_unbound(self, name: str, reason: str) -> None:
        self.sessions[name].unbind(reason)
        if not self.any_bound:
            self.give_back_waiting()

    def session_lost(self, name: str) -> None:
        """Its process is gone. Whether its open submits went out is not known: JetStream repeats them, and what the
        operator accepted is looked up then."""
        session = self.sessions[name]
        self.unknown_outcomes += len(session.in_hand)
        for order in session.in_hand.values():
            self._end(order, Conclusion.GIVE_BACK, delay_s=UNSURE_DELAY_S)
        session.in_hand.clear()
        self.session_unbound(name, "session process ended")

    def _end(self, order: Order, conclusion: Conclusion, command_status: int = 0, delay_s: float = 0) -> None:
        self._concluded.append(Concluded(conclusion, order.context, command_status, delay_s=delay_s))
