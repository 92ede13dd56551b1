"""Traffic under any order of events: each submit has exactly one fate, and no limit is ever exceeded."""

import itertools
from enum import Enum

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from config.operators import Endpoint, OperatorConfig, UnknownOutcome
from core.order_queue import Order
from core.traffic import LastWords, Traffic
from messages.lanes import Conclusion, MessageContext, Refusal, Return, SubmitReport, Unsubmitted
from smpp.constants import CommandStatus
from smpp.message_id import IdRule

WINDOW = 3
ENDPOINT_OF = {"a": 0, "b": 0, "c": 1}  # the sessions, and the endpoint that each is bound to
SESSIONS = tuple(ENDPOINT_OF)
WALL_START = 1_700_000_000.0

NAMES = st.sampled_from(SESSIONS)
# Weighted towards what makes the machine branch; the last is a status that no table knows.
STATUSES = st.sampled_from(
    [
        CommandStatus.ESME_RTHROTTLED,
        CommandStatus.ESME_RMSGQFUL,
        CommandStatus.ESME_RSYSERR,
        CommandStatus.ESME_RX_T_APPN,
        CommandStatus.ESME_RINVBNDSTS,
        CommandStatus.ESME_RINVDSTADR,
        0x4FF,
    ]
)


class Fate(Enum):
    ACCEPTED = "accepted"
    CONCLUDED = "concluded"
    GIVEN_BACK = "given back"


Outcome = Fate | int | Unsubmitted
OUTCOMES: st.SearchStrategy[Outcome] = st.one_of(st.just(Fate.ACCEPTED), STATUSES, st.sampled_from(Unsubmitted))


class TrafficMachine(RuleBasedStateMachine):
    """`fates` is what we saw become of each order; `told` what the sessions answered to how many."""

    @initialize(unknown_outcome=st.sampled_from(UnknownOutcome))
    def start(self, unknown_outcome: UnknownOutcome) -> None:
        operator = OperatorConfig(
            operator_id="mno",
            endpoints=(Endpoint(host="smsc", port=2775),),
            window=WINDOW,
            unknown_outcome=unknown_outcome,
        )
        self.unknown_outcome = unknown_outcome
        self.traffic = Traffic(operator)
        for name, endpoint in ENDPOINT_OF.items():
            self.traffic.add_session(name, endpoint)
        self.endpoint: int | None = 0
        self.traffic.carry_over(0)
        self.keys = itertools.count(1)
        self.now = 1000.0
        self.orders: dict[int, Order] = {}
        self.fates: dict[int, Fate] = {}
        self.possibly_sent: set[int] = set()
        self.unknown = 0

    # What happens.

    @rule(segments=st.integers(1, 3), priority=st.integers(0, 3), lives_s=st.sampled_from([None, None, 0.0, 5.0]))
    def dispatch(self, segments: int, priority: int, lives_s: float | None) -> None:
        name = f"m{len(self.orders)}"
        self.deliver(name, list(range(1, segments + 1)), segments, priority, lives_s)

    @rule(data=st.data())
    def redeliver(self, data: st.DataObject) -> None:
        """JetStream repeats what was given back: the segments that were neither accepted nor concluded."""
        back = sorted({order.context.message_id for order in self.orders.values() if self.is_free(order)})
        if not back:
            return
        name = data.draw(st.sampled_from(back))
        orders = [order for order in self.orders.values() if order.context.message_id == name]
        settled = {order.context.segment for order in orders if self.fates[order.key] is not Fate.GIVEN_BACK}
        segments = orders[0].context.segments
        missing = [segment for segment in range(1, segments + 1) if segment not in settled]
        if missing:
            self.deliver(name, missing, segments, orders[0].priority, None)

    @rule(permits=st.integers(0, 5))
    def assign(self, permits: int) -> None:
        room = {name: session.free_slots(self.now) for name, session in self.traffic.sessions.items()}
        assigned = self.traffic.assign(permits, self.now, self.wall_now)
        self.look()
        assert sum(len(orders) for orders in assigned.values()) <= permits
        for name, orders in assigned.items():
            assert len(orders) <= room[name]
            assert ENDPOINT_OF[name] == self.endpoint
            for order in orders:
                self.check_sendable(order)

    @rule(data=st.data(), name=NAMES)
    def report(self, data: st.DataObject, name: str) -> None:
        in_hand = list(self.traffic.sessions[name].in_hand)
        keys = data.draw(st.lists(st.sampled_from(in_hand), unique=True)) if in_hand else []
        self.answer(name, {key: data.draw(OUTCOMES) for key in keys})

    @rule(name=NAMES, key=st.integers(1, 50))
    def report_what_is_not_in_hand(self, name: str, key: int) -> None:
        if key not in self.traffic.sessions[name].in_hand:
            report = SubmitReport([key], [Refusal(key, 0x45)], [Return(key, Unsubmitted.UNKNOWN)])
            self.traffic.reported(name, report, self.now)

    @rule(permits=st.integers(1, 5), name=NAMES)
    def lane_was_gone(self, permits: int, name: str) -> None:
        orders = self.traffic.assign(permits, self.now, self.wall_now).get(name)
        if orders:
            self.traffic.not_handed_over(name, orders)

    @rule(name=NAMES)
    def bound(self, name: str) -> None:
        self.traffic.session_bound(name, "TRX")

    @rule(endpoint=st.sampled_from([0, 1, None]))
    def moved(self, endpoint: int | None) -> None:
        self.endpoint = endpoint
        self.traffic.carry_over(endpoint)

    @rule(name=NAMES)
    def unbound(self, name: str) -> None:
        self.traffic.session_unbound(name, "link lost")

    @rule(name=NAMES)
    def lost(self, name: str) -> None:
        self.note_unknown(list(self.traffic.sessions[name].in_hand))
        self.traffic.session_lost(name, self.now)

    @rule(data=st.data(), name=NAMES)
    def lost_with_last_words(self, data: st.DataObject, name: str) -> None:
        in_hand = list(self.traffic.sessions[name].in_hand)
        known = data.draw(st.lists(st.sampled_from(in_hand), unique=True)) if in_hand else []
        split = data.draw(st.integers(0, len(known)))
        for key in known[:split]:
            self.meets(key, Fate.ACCEPTED)
        self.note_unknown(known[split:])
        self.traffic.session_lost(name, self.now, LastWords(frozenset(known[:split]), frozenset(known[split:])))

    @rule(passed_s=st.sampled_from([0.1, 0.6, 5.0, 21.0, 40.0]))
    def time_passes(self, passed_s: float) -> None:
        self.now += passed_s
        before = {key for session in self.traffic.sessions.values() for key in session.in_hand}
        self.traffic.give_back_old(self.now)
        after = {key for session in self.traffic.sessions.values() for key in session.in_hand}
        self.note_unknown(sorted(before - after))

    @rule()
    def drained(self) -> None:
        self.traffic.give_back_waiting()

    # What must hold.

    @invariant()
    def limits_hold(self) -> None:
        for session in self.traffic.sessions.values():
            assert len(session.in_hand) <= WINDOW
            assert 0 <= session.free_slots(self.now) <= WINDOW - len(session.in_hand)

    @invariant()
    def each_fate_is_the_only_one(self) -> None:
        self.look()
        open_orders = len(self.orders) - len(self.fates)
        assert self.traffic.waiting + self.traffic.in_hand <= open_orders
        in_hand = {key for session in self.traffic.sessions.values() for key in session.in_hand}
        assert not in_hand & self.fates.keys()

    @invariant()
    def unknown_outcomes_are_counted(self) -> None:
        assert self.traffic.unknown_outcomes == self.unknown

    def teardown(self) -> None:
        if not hasattr(self, "traffic"):
            return
        for name in SESSIONS:
            self.lost(name)
        self.traffic.give_back_waiting()
        self.look()
        assert (self.traffic.waiting, self.traffic.in_hand) == (0, 0)
        assert self.fates.keys() == self.orders.keys()

    # The model.

    @property
    def wall_now(self) -> float:
        return WALL_START + self.now

    def is_free(self, order: Order) -> bool:
        """Whether the newest delivery of its message is over."""
        newest = [one for one in self.orders.values() if one.context.message_id == order.context.message_id]
        return all(one.key in self.fates for one in newest)

    def deliver(self, name: str, parts: list[int], segments: int, priority: int, lives_s: float | None) -> None:
        reply = f"reply {next(self.keys)}"
        orders = [self.order(name, reply, segment, segments, priority, lives_s) for segment in parts]
        self.orders |= {order.key: order for order in orders}
        self.traffic.add(orders)

    def order(self, name: str, reply: str, segment: int, segments: int, priority: int, lives_s: float | None) -> Order:
        return Order(
            key=next(self.keys),
            body=b"",
            context=MessageContext(
                message_id=name,
                operator_id="mno",
                segment=segment,
                segments=segments,
                reply=reply,
                request_dlr=True,
                receipt_ttl_s=60,
                id_rule=IdRule.STRING,
                metadata={},
                traceparent="",
                possibly_sent_before=False,
            ),
            encoded_context=b"",
            priority=priority,
            expires_at=None if lives_s is None else self.wall_now + lives_s,
            published_at=self.wall_now,
            held_since=self.now,
        )

    def check_sendable(self, order: Order) -> None:
        assert order.key not in self.fates
        assert order.expires_at is None or self.wall_now < order.expires_at
        assert order.context.possibly_sent_before == (order.key in self.possibly_sent)

    def answer(self, name: str, outcomes: dict[int, Outcome]) -> None:
        accepted = [key for key, outcome in outcomes.items() if outcome is Fate.ACCEPTED]
        refused = [Refusal(key, outcome) for key, outcome in outcomes.items() if isinstance(outcome, int)]
        returned = [Return(key, outcome) for key, outcome in outcomes.items() if isinstance(outcome, Unsubmitted)]
        for key in accepted:
            self.meets(key, Fate.ACCEPTED)
        self.note_unknown([back.key for back in returned if back.why is Unsubmitted.UNKNOWN])
        self.traffic.reported(name, SubmitReport(accepted, refused, returned), self.now)

    def note_unknown(self, keys: list[int]) -> None:
        self.unknown += len(keys)
        self.possibly_sent |= set(keys)

    def look(self) -> None:
        """Takes the conclusions. A dispatch goes back once, with all its orders that have no other fate by then."""
        for concluded in self.traffic.take_concluded():
            context = concluded.context
            of_dispatch = [order for order in self.orders.values() if order.context.reply == context.reply]
            if concluded.conclusion is Conclusion.GIVE_BACK:
                assert concluded.delay_s > 0
                left = [order.key for order in of_dispatch if order.key not in self.fates]
                assert left
                for key in left:
                    self.meets(key, Fate.GIVEN_BACK)
            else:
                assert self.unknown_outcome is UnknownOutcome.RESEND or not context.possibly_sent_before
                (key,) = [order.key for order in of_dispatch if order.context.segment == context.segment]
                self.meets(key, Fate.CONCLUDED)

    def meets(self, key: int, fate: Fate) -> None:
        assert key not in self.fates
        self.fates[key] = fate


TestTraffic = TrafficMachine.TestCase
TestTraffic.settings = settings(max_examples=80, stateful_step_count=40)
