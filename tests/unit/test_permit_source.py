"""Permits as an OperatorActor gets them: from Redis, or, while that is away, from its share of the limit."""

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from clock_in_hand import ClockInHand

from actors.operator import permits
from actors.operator.permits import AWAY_RETRY_S, IN_TOUCH_S, LEAST_WAIT_S, PermitSource
from adapters.redis_throttle import Lease, ThrottleUnavailable
from config.operators import Endpoint, OperatorConfig
from core.permits import FULL_VALIDITY_S, SLOW_VALIDITY_S
from core.share import LISTEN_S, RETURN_S

REPLICAS = 4
RETRY_AFTER_S = 0.25


def operator(tps: float = 100) -> OperatorConfig:
    return OperatorConfig(operator_id="mno", endpoints=(Endpoint(host="smsc", port=2775),), tps=tps)


class Question(NamedTuple):
    """What Redis was asked. returned: of the lease before. spent: without a lease."""

    wanted: int
    tps: float
    validity_s: float
    returned: int = 0
    spent: int = 0


IN_TOUCH = Question(0, 100, FULL_VALIDITY_S)


class Redis:
    """Grants all that is wanted while it has permits left, after latency_s."""

    def __init__(self, clock: ClockInHand) -> None:
        self.questions: list[Question] = []
        self.left = 1_000_000
        self.latency_s = 0.0
        self.is_away = False
        self._clock = clock

    async def lease(
        self,
        _operator_id: str,
        _replica_id: str,
        wanted: int,
        tps: float,
        validity_s: float,
        returned: int,
        *,
        spent: int,
        heeds_loss: bool,
    ) -> Lease:
        assert heeds_loss
        self.questions.append(Question(wanted, tps, validity_s, returned, spent))
        await self._clock.sleep(self.latency_s)
        if self.is_away:
            raise ThrottleUnavailable("no answer")
        granted = min(wanted, self.left)
        self.left -= granted
        return Lease(granted, validity_s, 0.0 if granted else RETRY_AFTER_S, REPLICAS)


class Replica:
    """A PermitSource with all that is around it. woken: how often. told: what the others were told of Redis."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = ClockInHand()
        self.redis = Redis(self.clock)
        self.woken = 0
        self.told: list[bool] = []
        self.waits_s: list[float] = []
        self.is_bound = True
        self.source = PermitSource(operator(), self._wake, lambda: self.is_bound, self.told.append)
        settings = SimpleNamespace(connector_id="r-1", redis_url="")
        monkeypatch.setattr(permits, "time", self.clock)
        monkeypatch.setattr(permits, "asyncio", self.clock)
        monkeypatch.setattr(permits, "surroundings", lambda: SimpleNamespace(settings=settings))
        monkeypatch.setattr(permits, "RedisThrottle", lambda _url: self.redis)
        observed = SimpleNamespace(observe=self.waits_s.append)
        monkeypatch.setattr(permits.metrics, "histogram", lambda *_names, **_labels: observed)

    def play(self, scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def play() -> None:
            await self.source.start()
            keeping = asyncio.create_task(self.source.keep_in_touch())
            await scene()
            keeping.cancel()

        asyncio.run(play())

    def available(self, wanted: int) -> int:
        return self.source.available(wanted, self.clock.now)

    def spend(self, count: int) -> float:
        """How long what they are spent on may still be written."""
        return self.source.spend(count, self.clock.now) - self.clock.now

    async def lose_redis(self) -> None:
        """When the others know of this replica, just after Redis has answered it; returns when that is noticed."""
        await self.clock.pass_s(3 * IN_TOUCH_S)
        self.redis.is_away = True
        self.available(1)
        await self.clock.pass_s(0)

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
def replica(monkeypatch: pytest.MonkeyPatch) -> Replica:
    return Replica(monkeypatch)


def test_while_nothing_waits_nothing_is_leased(replica: Replica):
    async def scene() -> None:
        assert replica.available(0) == 0
        await replica.clock.settle()
        assert (replica.redis.questions, replica.woken) == ([], 0)

    replica.play(scene)


def test_the_first_who_wants_permits_has_them_leased_and_is_woken_when_they_are_there(replica: Replica):
    async def scene() -> None:
        assert [replica.available(3), replica.available(5)] == [0, 0]
        await replica.clock.pass_s(0)
        assert replica.redis.questions == [Question(8, 100, SLOW_VALIDITY_S)]
        assert (replica.woken, replica.available(5), replica.waits_s) == (1, 5, [0])

    replica.play(scene)


def test_no_more_are_available_than_were_granted_and_the_rest_is_leased(replica: Replica):
    async def scene() -> None:
        replica.redis.left = 2
        replica.available(5)
        await replica.clock.pass_s(0)
        assert replica.available(5) == 2
        replica.spend(2)
        replica.redis.left = 10
        assert replica.available(3) == 0
        await replica.clock.pass_s(0)
        assert (replica.available(3), replica.woken) == (3, 2)

    replica.play(scene)


def test_what_a_permit_is_spent_on_must_be_written_within_its_validity_counted_from_the_question(replica: Replica):
    async def scene() -> None:
        replica.redis.latency_s = 0.03
        replica.available(1)
        await replica.clock.pass_s(0.05)
        assert replica.spend(1) == pytest.approx(SLOW_VALIDITY_S - 0.05)

    replica.play(scene)


def test_a_permit_that_was_not_spent_in_time_is_gone_and_handed_back(replica: Replica):
    async def scene() -> None:
        replica.available(1)
        await replica.clock.pass_s(0)
        replica.spend(1)
        await replica.clock.pass_s(SLOW_VALIDITY_S)
        assert replica.available(1) == 0
        await replica.clock.pass_s(0)
        assert replica.redis.questions[1] == Question(8, 100, SLOW_VALIDITY_S, returned=7)

    replica.play(scene)


def test_where_the_limit_leaves_none_it_is_asked_again_when_the_next_one_comes(replica: Replica):
    async def scene() -> None:
        replica.redis.left = 0
        replica.available(1)
        await replica.clock.pass_s(RETRY_AFTER_S - 0.01)
        assert (len(replica.redis.questions), replica.woken) == (1, 0)
        replica.redis.left = 8
        await replica.clock.pass_s(0.01)
        assert (len(replica.redis.questions), replica.woken, replica.waits_s) == (2, 1, [RETRY_AFTER_S])

    replica.play(scene)


def test_redis_is_not_asked_again_for_what_nobody_wants_any_more(replica: Replica):
    async def scene() -> None:
        replica.redis.left = 0
        replica.available(1)
        await replica.clock.settle()
        replica.available(0)
        await replica.clock.pass_s(2 * RETRY_AFTER_S)
        assert (len(replica.redis.questions), replica.woken) == (1, 1)

    replica.play(scene)


def test_where_redis_answers_after_leases_have_ended_they_get_longer_until_they_can_be_used(replica: Replica):
    async def scene() -> None:
        replica.redis.latency_s = 2.5 * FULL_VALIDITY_S
        replica.available(500)
        await replica.clock.pass_s(replica.redis.latency_s)
        for _ in range(2):
            assert replica.available(500) == 0
            await replica.clock.pass_s(replica.redis.latency_s)
        assert [question.validity_s / FULL_VALIDITY_S for question in replica.redis.questions] == [1, 2, 4]
        assert replica.available(500) == 5

    replica.play(scene)


def test_where_sessions_come_too_late_the_next_lease_is_longer(replica: Replica):
    async def scene() -> None:
        replica.available(500)
        await replica.clock.pass_s(0)
        replica.spend(replica.available(500))
        replica.source.came_late()
        replica.available(500)
        await replica.clock.pass_s(0)
        assert replica.redis.questions[1] == Question(3, 100, 2 * FULL_VALIDITY_S)

    replica.play(scene)


def test_a_new_limit_holds_from_the_next_lease_on(replica: Replica):
    async def scene() -> None:
        replica.source.configure(operator(tps=20))
        replica.available(10)
        await replica.clock.pass_s(0)
        assert replica.redis.questions == [Question(1, 20, FULL_VALIDITY_S)]

    replica.play(scene)


def test_redis_hears_of_an_idle_replica_every_three_seconds_while_it_is_bound(replica: Replica):
    async def scene() -> None:
        await replica.clock.pass_s(2 * IN_TOUCH_S)
        assert replica.redis.questions == [IN_TOUCH] * 2
        replica.is_bound = False
        await replica.clock.pass_s(2 * IN_TOUCH_S)
        assert replica.redis.questions == [IN_TOUCH] * 2

    replica.play(scene)


def test_a_replica_that_leases_has_nothing_more_to_say(replica: Replica):
    async def scene() -> None:
        await replica.clock.pass_s(IN_TOUCH_S - 0.1)
        replica.available(1)
        await replica.clock.pass_s(IN_TOUCH_S - 0.1)
        assert replica.redis.questions == [Question(8, 100, SLOW_VALIDITY_S)]

    replica.play(scene)


def test_without_redis_nothing_is_sent_until_the_others_could_have_spoken_and_then_the_share(replica: Replica):
    async def scene() -> None:
        await replica.lose_redis()
        assert (replica.source.state, replica.available(100)) == ("Redis unavailable", 0)
        await replica.clock.pass_s(LISTEN_S)
        assert (replica.woken, replica.available(100)) == (1, 100 // REPLICAS)

    replica.play(scene)


def test_a_new_limit_is_shared_at_once(replica: Replica):
    async def scene() -> None:
        await replica.lose_redis()
        await replica.clock.pass_s(LISTEN_S)
        replica.source.configure(operator(tps=40))
        assert replica.available(100) == 40 // REPLICAS

    replica.play(scene)


def test_what_the_share_is_spent_on_must_be_written_as_soon_as_under_a_short_lease(replica: Replica):
    async def scene() -> None:
        await replica.lose_redis()
        await replica.clock.pass_s(LISTEN_S)
        assert (replica.spend(25), replica.available(1)) == (pytest.approx(FULL_VALIDITY_S), 0)

    replica.play(scene)


def test_a_share_that_is_spent_comes_back_in_the_next_second(replica: Replica):
    async def scene() -> None:
        await replica.lose_redis()
        await replica.clock.pass_s(LISTEN_S)
        replica.spend(25)
        replica.available(1)
        await replica.clock.pass_s(0.99)
        assert replica.available(1) == 0
        await replica.clock.pass_s(0.1)
        assert replica.available(100) == 25

    replica.play(scene)


def test_the_others_are_asked_whether_redis_answers_them_each_time_it_does_not_answer(replica: Replica):
    async def scene() -> None:
        await replica.lose_redis()
        await replica.clock.pass_s(IN_TOUCH_S)
        replica.told.clear()
        await replica.clock.pass_s(3 * AWAY_RETRY_S)
        assert replica.told == [False] * 3

    replica.play(scene)


def test_a_replica_that_alone_has_lost_redis_sends_nothing(replica: Replica):
    async def scene() -> None:
        await replica.lose_redis()
        await replica.source.heard(answers=True)
        await replica.clock.pass_s(LISTEN_S)
        assert replica.available(100) == 0

    replica.play(scene)


def test_a_replica_that_is_asked_asks_redis_itself_before_it_says_that_it_answers(replica: Replica):
    async def scene() -> None:
        hearing = asyncio.create_task(replica.source.heard(answers=False))
        await replica.clock.pass_s(0)
        assert (hearing.done(), replica.redis.questions, replica.told) == (True, [IN_TOUCH], [True])

    replica.play(scene)


def test_a_replica_without_redis_has_nothing_to_say_to_another(replica: Replica):
    async def scene() -> None:
        await replica.lose_redis()
        asked, replica.told = len(replica.redis.questions), []
        await replica.source.heard(answers=False)
        assert (len(replica.redis.questions), replica.told) == (asked, [])

    replica.play(scene)


def test_when_redis_is_back_it_hears_what_was_spent_the_others_hear_of_it_and_leases_wait_for_them(replica: Replica):
    async def scene() -> None:
        await replica.lose_redis()
        await replica.clock.pass_s(LISTEN_S)
        replica.spend(10)
        replica.redis.is_away = False
        replica.told.clear()
        replica.available(1)
        await replica.clock.pass_s(AWAY_RETRY_S)
        back = replica.redis.questions[-1]
        assert (back.spent, replica.told, replica.source.state) == (10, [True], "ok")

        asked = len(replica.redis.questions)
        await replica.clock.pass_s(RETURN_S - 0.1)
        assert (len(replica.redis.questions), replica.available(1)) == (asked, 0)
        await replica.clock.pass_s(0.1 + LEAST_WAIT_S)
        assert replica.available(1) == 1

    replica.play(scene)


def test_redis_away_and_back_is_said_once_each(replica: Replica, caplog: pytest.LogCaptureFixture):
    async def scene() -> None:
        await replica.lose_redis()
        await replica.clock.pass_s(10)
        replica.redis.is_away = False
        await replica.clock.pass_s(10)

    replica.play(scene)
    assert [record.getMessage() for record in caplog.records] == ["Redis unavailable", "ok"]
