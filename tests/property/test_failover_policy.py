"""Failover under any order of events: traffic is where something is bound, and leaves a healthy endpoint rarely."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.failover import FailoverPolicy, Move, SessionSlot

MOST_ENDPOINTS = 4
ENDPOINTS = st.integers(1, MOST_ENDPOINTS)
SESSIONS = st.integers(1, 3)
FAILBACK_AFTER_S = st.sampled_from([10.0, 60.0])


class FailoverMachine(RuleBasedStateMachine):
    """The sessions as the actors have them: those wanted exist, `bound_since` is when each bound one was."""

    @initialize(endpoints=ENDPOINTS, sessions=SESSIONS, failback_after_s=FAILBACK_AFTER_S)
    def start(self, endpoints: int, sessions: int, failback_after_s: float) -> None:
        self.policy = FailoverPolicy(endpoints, sessions, failback_after_s)
        self.endpoints, self.sessions, self.failback_after_s = endpoints, sessions, failback_after_s
        self.now = 1000.0
        self.bound_since: dict[SessionSlot, float] = {}
        self.active: int | None = None
        self.returned_at = float("-inf")

    # What happens.

    @rule(data=st.data())
    def session_binds(self, data: st.DataObject) -> None:
        slot = self.one_of(self.policy.wanted(), data)
        self.bound_since[slot] = self.now
        was_active = self.active
        self.follow(self.policy.bound(slot.endpoint, slot.index, self.now))
        assert was_active in (None, self.active)

    @rule(data=st.data())
    def session_is_lost_or_refused(self, data: st.DataObject) -> None:
        slot = self.one_of(self.policy.wanted(), data)
        self.bound_since.pop(slot, None)
        was_active, is_healthy = self.active, self.active in self.endpoints_bound()
        self.follow(self.policy.unbound(slot.endpoint, slot.index))
        assert self.active == was_active or not is_healthy

    @rule(data=st.data())
    def session_is_released(self, data: st.DataObject) -> None:
        """It is no reason to try another endpoint."""
        slot = self.one_of(self.policy.wanted(), data)
        self.bound_since.pop(slot, None)
        wanted, was_active, is_healthy = self.policy.wanted(), self.active, self.active in self.endpoints_bound()
        self.follow(self.policy.released(slot.endpoint, slot.index))
        assert self.active == was_active or not is_healthy
        assert {one.endpoint for one in self.policy.wanted()} <= {one.endpoint for one in wanted}

    @rule(
        endpoint=st.integers(0, MOST_ENDPOINTS),
        index=st.integers(0, 3),
        report=st.sampled_from(["bound", "unbound", "released", "answered"]),
    )
    def draining_session_reports(self, endpoint: int, index: int, report: str) -> None:
        slot = SessionSlot(endpoint, index)
        if slot not in self.policy.wanted():
            wanted = self.policy.wanted()
            at = (self.now,) if report in ("bound", "answered") else ()
            move = getattr(self.policy, report)(endpoint, index, *at)
            assert (move, self.policy.wanted()) == (None, wanted)

    @rule(passed_s=st.sampled_from([0.0, 1.0, 9.0, 10.0, 59.0, 60.0, 100.0]))
    def time_passes(self, passed_s: float) -> None:
        self.now += passed_s

    @rule()
    def deadline_comes(self) -> None:
        """The probe is asked; it answers, or is lost by its silence in time."""
        deadline = self.policy.next_deadline()
        if deadline is not None:
            self.now = max(self.now, deadline)
            assert self.policy.probe_to_ask(self.now) is not None

    @rule(data=st.data())
    def probe_answers(self, data: st.DataObject) -> None:
        """The only way for traffic to leave what is bound: to a preferred endpoint that has lasted."""
        asked = self.policy.probe_to_ask(self.now)
        slot = self.one_of(self.policy.wanted(), data) if asked is None else asked
        before, bound_since = self.active, dict(self.bound_since)
        self.follow(self.policy.answered(slot.endpoint, slot.index, self.now))
        assert (self.active != before) == (asked is not None)
        if self.active != before:
            assert before is not None
            assert self.active is not None
            assert self.active < before
            assert self.now - bound_since[SessionSlot(self.active, 0)] >= self.failback_after_s
            assert self.now - self.returned_at >= self.failback_after_s
            self.returned_at = self.now

    @rule()
    def everything_fails(self) -> None:
        """Not even a probe binds; the sessions of each endpoint that is called upon answer in turn."""
        for _ in range(self.endpoints):
            for slot in sorted(self.policy.wanted(), key=lambda one: (one.endpoint, one.index)):
                self.bound_since.pop(slot, None)
                self.follow(self.policy.unbound(slot.endpoint, slot.index))
        assert self.active is None
        assert {slot.endpoint for slot in self.policy.wanted()} == set(range(self.endpoints))

    @rule(endpoints=ENDPOINTS, sessions=SESSIONS, failback_after_s=FAILBACK_AFTER_S)
    def settings_change(self, endpoints: int, sessions: int, failback_after_s: float) -> None:
        self.endpoints, self.sessions, self.failback_after_s = endpoints, sessions, failback_after_s
        was_active = self.active
        stay = {slot.endpoint for slot in self.bound_since if slot.endpoint < endpoints and slot.index < sessions}
        self.follow(self.policy.reconfigure(endpoints, sessions, failback_after_s))
        assert self.active == was_active or was_active not in stay

    # What is always true.

    @invariant()
    def traffic_is_where_something_is_bound(self) -> None:
        assert self.policy.active == self.active
        assert (self.active in self.endpoints_bound()) if self.bound_since else (self.active is None)

    @invariant()
    def one_endpoint_has_all_its_sessions_and_each_preferred_one_its_probe(self) -> None:
        wanted = self.policy.wanted()
        last = max(slot.endpoint for slot in wanted)
        probes = {SessionSlot(endpoint, 0) for endpoint in range(last)}
        assert wanted == probes | {SessionSlot(last, index) for index in range(self.sessions)}
        assert last < self.endpoints
        assert self.active in (None, last)

    @invariant()
    def a_deadline_is_set_exactly_while_a_probe_is_bound(self) -> None:
        is_probed = any(slot.endpoint != self.active for slot in self.bound_since)
        assert (self.policy.next_deadline() is not None) == is_probed

    # Following along.

    def one_of(self, choices: frozenset[SessionSlot], data: st.DataObject) -> SessionSlot:
        return data.draw(st.sampled_from(sorted(choices, key=lambda slot: (slot.endpoint, slot.index))))

    def endpoints_bound(self) -> set[int]:
        return {slot.endpoint for slot in self.bound_since}

    def follow(self, move: Move | None) -> None:
        """The actors start what is wanted and drain what is not."""
        expected = Move(self.active, self.policy.active) if self.policy.active != self.active else None
        assert move == expected
        self.active = self.policy.active
        wanted = self.policy.wanted()
        self.bound_since = {slot: since for slot, since in self.bound_since.items() if slot in wanted}


TestFailover = FailoverMachine.TestCase
TestFailover.settings = settings(max_examples=100, stateful_step_count=40)
