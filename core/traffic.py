"""An operator's submits between the router and its sessions: which goes where, when, and what becomes of it.

Every order ends in exactly one of: accepted by the SMSC (the session tells the CorrelationWriter), concluded here,
or given back to JetStream with its dispatch. Times are monotonic seconds unless named wall.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from config.answers import Action
from config.operators import MOST_HELD_S, OperatorConfig, UnknownOutcome
from core.answers import Answers
from core.attempts import AT_ONCE_S, Attempts
from core.held_dispatches import HeldDispatches
from core.intake import mark_possibly_sent
from core.order_queue import Order, OrderQueue
from core.pace import Pace
from core.session_view import SessionView
from messages.correlations import UnansweredSegment
from messages.lanes import Concluded, Conclusion, SubmitReport, Unsubmitted

GIVE_BACK_DELAY_S = 1.0  # another replica may have a bind; this one must not get it back at once
UNSURE_DELAY_S = 3.0  # time for the answers that a dead session had read to be stored
REPORT_SLACK_S = 5.0  # a session reports on an order within response_s and this


class LastWords(NamedTuple):
    """What a dead session had noted of its orders, by key. Answered ones are on their way to the CorrelationWriter."""

    answered: frozenset[int]
    unanswered: frozenset[int]


class Complaint(Struct, frozen=True):
    """A session pauses because its SMSC takes no more (RETRY_BIND) or cannot work with us (OPERATOR_TROUBLE)."""

    session: str
    action: Action
    command_status: int


class Traffic:
    """Orders waiting, orders in hand of the sessions, the conclusions to pass on and the complaints to log."""

    def __init__(self, operator: OperatorConfig) -> None:
        self._queue = OrderQueue()
        self._dispatches = HeldDispatches()
        self._attempts = Attempts(operator.retry)
        self._concluded: list[Concluded] = []
        self._complaints: list[Complaint] = []
        self._unanswered: list[UnansweredSegment] = []
        self._endpoint: int | None = None
        self.sessions: dict[str, SessionView] = {}
        self.unknown_outcomes = 0
        self.configure(operator)

    def configure(self, operator: OperatorConfig) -> None:
        """New settings; orders and sessions stay as they are."""
        self._unknown_outcome = operator.unknown_outcome
        self._most_in_hand_s = MOST_HELD_S + operator.timers.response_s + REPORT_SLACK_S
        self._window = operator.session_window()
        self._full_tps = operator.tps / operator.bind.sessions
        self._answers = Answers(operator.answers_by_status())
        self._attempts.configure(operator.retry)
        for session in self.sessions.values():
            session.window = self._window
            session.pace.full_tps = self._full_tps

    # Figures.

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def in_hand(self) -> int:
        return sum(len(session.in_hand) for session in self.sessions.values())

    @property
    def bound(self) -> int:
        """Sessions of the endpoint in use that are bound."""
        return sum(session.bound for session in self._carriers())

    @property
    def can_carry(self) -> bool:
        """Whether there is one."""
        return self.bound > 0

    def free_slots(self, now: float) -> int:
        return sum(session.free_slots(now) for session in self._carriers())

    def slowed_sessions(self) -> int:
        """How many submit less than their share, because their SMSC has asked for it."""
        return sum(session.pace.is_limited for session in self.sessions.values())

    def held_back_s(self, now: float) -> float:
        """Seconds until the first session that is held back by its pace can take what waits; 0: look for no such."""
        if not self._queue:
            return 0.0
        waits = [wait_s for session in self._carriers() if (wait_s := session.held_back_s(now))]
        return min(waits, default=0.0)

    # Orders in.

    def add(self, orders: Iterable[Order]) -> None:
        for order in orders:
            self._dispatches.arrived(order)
            self._queue.push(order)

    def conclude(self, concluded: Iterable[Concluded]) -> None:
        self._concluded += concluded

    def take_concluded(self) -> list[Concluded]:
        concluded, self._concluded = self._concluded, []
        return concluded

    def take_unanswered(self) -> list[UnansweredSegment]:
        """Segments to be noted before anything else becomes of them: they will, or may, go out a second time."""
        unanswered, self._unanswered = self._unanswered, []
        return unanswered

    # Orders out.

    def assign(self, permits: int, now: float, wall_now: float) -> dict[str, list[Order]]:
        """Hands waiting orders to the sessions with the most room, one permit each."""
        assigned: dict[str, list[Order]] = {}
        while permits > 0 and self._queue:
            session = max(self._carriers(), key=lambda one: one.free_slots(now), default=None)
            if session is None or not session.free_slots(now):
                break
            order = self._queue.pop()
            if order.expires_at is not None and wall_now >= order.expires_at:
                self._conclude(order, Conclusion.EXPIRED)
            elif order.held_since < now - MOST_HELD_S:
                self._give_back(order, GIVE_BACK_DELAY_S)
            else:
                permits -= 1
                session.hand_over(order)
                assigned.setdefault(session.name, []).append(order)
        return assigned

    def give_back_old(self, now: float) -> None:
        """What has waited too long, and what its session should have reported on long ago."""
        for order in self._queue.take_older_than(now - MOST_HELD_S):
            self._give_back(order, GIVE_BACK_DELAY_S)
        for session in self.sessions.values():
            self._lost(session.take_older_than(now - self._most_in_hand_s), now)

    def held_since_before(self, since: float) -> list[str]:
        """Reply subjects of the dispatches that have been here since before that monotonic time."""
        return self._dispatches.older_than(since)

    def drop_waiting(self) -> None:
        """What waits may have been delivered elsewhere meanwhile: nobody is told, JetStream knows what became of it."""
        for order in self._queue.drain():
            self._dispatches.left(order)

    def give_back_waiting(self) -> None:
        """What waits belongs to JetStream, so that a replica with a bind can take it."""
        for order in self._queue.drain():
            self._give_back(order, GIVE_BACK_DELAY_S)

    # Answers.

    def reported(self, name: str, report: SubmitReport, now: float) -> None:
        session = self.sessions[name]
        for key in report.accepted:
            if order := session.in_hand.pop(key, None):
                self._accepted(order)
        if report.accepted:
            session.pace.accepted(len(report.accepted), now)
        for refusal in reversed(report.refused):
            if order := session.in_hand.pop(refusal.key, None):
                self._refused(session, order, refusal.command_status, now)
        for back in reversed(report.returned):
            if order := session.in_hand.pop(back.key, None):
                self._returned(order, back.why, now)

    def not_handed_over(self, name: str, orders: list[Order]) -> None:
        """The session's lane was gone before the orders were written to it."""
        for order in reversed(orders):
            del self.sessions[name].in_hand[order.key]
            self._try_first(order)

    def _accepted(self, order: Order) -> None:
        self._attempts.forget(order)
        self._left(order)

    def _refused(self, session: SessionView, order: Order, command_status: int, now: float) -> None:
        order.returned_at = now
        action = self._answers.action_of(command_status)
        if action in (Action.RETRY_BIND, Action.OPERATOR_TROUBLE) and session.pace.throttled(now):
            self._complaints.append(Complaint(session.name, action, command_status))
        delay_s = self._attempts.retry_after_s(order, action, now)
        if delay_s is None:
            self._conclude(order, Conclusion.REFUSED, command_status)
        elif delay_s == AT_ONCE_S:
            self._try_first(order)
        else:
            self._give_back(order, delay_s)

    def _returned(self, order: Order, why: Unsubmitted, now: float) -> None:
        order.returned_at = now
        if why is not Unsubmitted.UNKNOWN:
            self._try_first(order)
        elif self._is_worth_another_try(order, now):
            self._mark(order)
            self._try_first(order)
        else:
            self._conclude(order, Conclusion.REPORTED)

    def _mark(self, order: Order) -> None:
        """From now on it says that it may have been sent, here and wherever its dispatch is delivered again."""
        if not order.context.possibly_sent_before:
            self._unanswered.append(order.context.unanswered())
            mark_possibly_sent(order)

    def _is_worth_another_try(self, order: Order, now: float) -> bool:
        """Counts an unknown outcome; whether the submit_sm may go out again."""
        self.unknown_outcomes += 1
        if self._unknown_outcome is UnknownOutcome.REPORT:
            return False
        return self._attempts.retry_after_s(order, Action.RETRY_ELSEWHERE, now) is not None

    def take_complaints(self) -> list[Complaint]:
        complaints, self._complaints = self._complaints, []
        return complaints

    # Sessions.

    def add_session(self, name: str, endpoint: int) -> None:
        self.sessions[name] = SessionView(name, self._window, endpoint, Pace(self._full_tps))

    def remove_session(self, name: str, now: float) -> None:
        """It has drained; what it still has in hand is given back as lost."""
        self._lost(self.sessions.pop(name).in_hand.values(), now)

    def carry_over(self, endpoint: int | None) -> None:
        """New orders go to the sessions of this endpoint; None: to nobody, so what waits stays for the next."""
        self._endpoint = endpoint

    def session_bound(self, name: str, mode: str) -> None:
        self.sessions[name].bind(mode)

    def session_unbound(self, name: str, reason: str) -> None:
        self.sessions[name].unbind(reason)

    def session_lost(self, name: str, now: float, last_words: LastWords | None = None) -> None:
        """Its process is gone. last_words: None where nothing can be known of its orders."""
        session = self.sessions[name]
        orders = list(session.in_hand.values())
        session.in_hand.clear()
        if last_words is None:
            self._lost(orders, now)
        else:
            self._sort(reversed(orders), last_words, now)
        self.session_unbound(name, "session process ended")

    def _sort(self, orders: Iterable[Order], last_words: LastWords, now: float) -> None:
        """What it had noted nothing of was not sent yet, or settled and not told: JetStream knows."""
        for order in orders:
            if order.key in last_words.answered:
                self._accepted(order)
            elif order.key in last_words.unanswered:
                self._returned(order, Unsubmitted.UNKNOWN, now)
            else:
                self._give_back(order, UNSURE_DELAY_S)

    def _lost(self, orders: Iterable[Order], now: float) -> None:
        """Whether their submits went out, and were answered, is not known here: JetStream repeats them, and what the
        operator accepted is looked up then."""
        for order in orders:
            if self._is_worth_another_try(order, now):
                self._mark(order)
                self._give_back(order, UNSURE_DELAY_S)
            else:
                self._conclude(order, Conclusion.REPORTED)

    # The ways out of here.

    def _try_first(self, order: Order) -> None:
        if self._dispatches.is_going_back(order):
            self._left(order)
        else:
            self._queue.push_first(order)

    def _carriers(self) -> list[SessionView]:
        return [session for session in self.sessions.values() if session.endpoint == self._endpoint]

    def _conclude(self, order: Order, conclusion: Conclusion, command_status: int = 0) -> None:
        self._concluded.append(Concluded(conclusion, order.context, command_status))
        self._left(order)

    def _give_back(self, order: Order, delay_s: float) -> None:
        self._dispatches.give_back(order, delay_s)
        if order.context.segments > 1:
            for waiting in self._queue.take_of_dispatch(order.context.reply):
                self._left(waiting)
        self._left(order)

    def _left(self, order: Order) -> None:
        delay_s = self._dispatches.left(order)
        if delay_s is not None:
            self._concluded.append(Concluded(Conclusion.GIVE_BACK, order.context, delay_s=delay_s))
