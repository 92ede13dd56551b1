"""Dispatches as they reach an OperatorActor: one that can't be read ends, and holds up no other."""

import asyncio
import json
from collections.abc import Sequence
from itertools import count
from types import SimpleNamespace
from typing import cast

import pytest

from actors.operator import references
from actors.operator.arrivals import Arrivals
from actors.runtime.lanes import LaneClient
from adapters.redis_references import ReferencesUnavailable
from config.operators import Endpoint, OperatorConfig
from core.intake import Intake
from core.traffic import Traffic
from messages.dispatch import Dispatch
from messages.lanes import Conclusion, DispatchItem

OPERATOR = OperatorConfig(operator_id="mno", endpoints=(Endpoint(host="smsc", port=2775),))
TEXT = "not to be seen in a log"
LONG = "a" * 161  # two parts


class SlowReferences:
    """In place of Redis: answers each call when it is told to, with references from 1 on."""

    def __init__(self, _url: str) -> None:
        self.calls: list[list[str]] = []
        self.answers: list[asyncio.Future[None]] = []
        self._numbers = count(1)

    async def next_references(self, destinations: Sequence[str]) -> list[int]:
        self.calls.append(list(destinations))
        self.answers.append(asyncio.get_running_loop().create_future())
        await self.answers[-1]
        return [next(self._numbers) for _ in destinations]


class Numbering:
    """Arrivals in a running loop, and what Redis is asked by them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = SimpleNamespace(settings=SimpleNamespace(redis_url=""))
        monkeypatch.setattr(references, "surroundings", lambda: settings)
        monkeypatch.setattr(references, "RedisReferences", self._open)
        self.traffic = Traffic(OPERATOR)
        self.wakes = 0
        self.arrivals = Arrivals(OPERATOR, self.traffic, self._woken)
        self.arrivals.start(cast(LaneClient, None), asyncio.get_running_loop().create_task)

    async def answer(self, error: Exception | None = None) -> None:
        """Let the oldest open call have its answer, and whoever waits for it go on."""
        answer = next(one for one in self.redis.answers if not one.done())
        answer.set_exception(error) if error else answer.set_result(None)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    def references(self) -> list[int]:
        """Of the first parts that wait, in the order they would be sent in."""
        self.traffic.add_session("session", 0)
        self.traffic.carry_over(0)
        self.traffic.session_bound("session", "TRX")
        orders = self.traffic.assign(100, now=50.0, wall_now=0.0)["session"]
        return [order.body.partition(b"\x05\x00\x03")[2][0] for order in orders if order.context.segment == 1]

    def _open(self, url: str) -> SlowReferences:
        self.redis = SlowReferences(url)
        return self.redis

    def _woken(self) -> None:
        self.wakes += 1


def arrivals(traffic: Traffic) -> Arrivals:
    return Arrivals(OPERATOR, traffic, lambda: None)


def item(number: int, payload: bytes | None = None, text: str = TEXT) -> DispatchItem:
    dispatch = {"message_id": f"m{number}", "operator_id": "mno", "to": f"+4179{number}", "from": "1234", "text": text}
    return DispatchItem(
        payload=payload or json.dumps(dispatch).encode(),
        reply=f"$JS.ACK.SMS_DISPATCH.smpp-mno.1.{number}.{number}.1700000000000000000.0",
        deliveries=1,
        traceparent="",
        published_at=1_700_000_000.0,
        pulled_at=50.0,
    )


def test_what_is_no_dispatch_ends_and_the_others_are_queued():
    traffic = Traffic(OPERATOR)

    arrivals(traffic).take([item(1), item(2, b"{"), item(3)])

    (dead,) = traffic.take_concluded()
    assert (dead.conclusion, dead.reason, dead.payload) == (Conclusion.DEAD, "not a JSON object", b"{")
    assert traffic.waiting == 2


def test_a_bug_that_one_dispatch_shows_ends_that_dispatch_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    read = Intake.read

    def read_but_the_second(self: Intake, one: DispatchItem) -> Dispatch:
        if one == item(2):
            raise KeyError(TEXT)
        return read(self, one)

    monkeypatch.setattr(Intake, "read", read_but_the_second)
    traffic = Traffic(OPERATOR)

    arrivals(traffic).take([item(1), item(2), item(3)])

    (dead,) = traffic.take_concluded()
    assert (dead.conclusion, dead.reason) == (Conclusion.DEAD, "internal error: KeyError")
    assert traffic.waiting == 2
    (record,) = caplog.records
    assert (record.__dict__["event"], record.__dict__["fields"]) == ("dispatch_failed", {"stream_sequence": 2})
    assert TEXT not in record.getMessage()


def test_a_long_message_waits_for_its_reference_and_a_short_one_does_not(monkeypatch: pytest.MonkeyPatch):
    async def play() -> None:
        made = Numbering(monkeypatch)
        made.arrivals.take([item(1, text=LONG), item(2)])
        await made.settle()
        assert (made.traffic.waiting, made.arrivals.looked_up) == (1, 1)
        assert made.arrivals.held_since_before(51.0) == [item(1).reply]

        await made.answer()
        assert (made.traffic.waiting, made.arrivals.looked_up, made.wakes) == (3, 0, 1)

    asyncio.run(play())


def test_what_comes_while_redis_is_asked_goes_together_into_the_next_question(monkeypatch: pytest.MonkeyPatch):
    async def play() -> None:
        made = Numbering(monkeypatch)
        for number in (1, 2, 3):
            made.arrivals.take([item(number, text=LONG)])
            await made.settle()
        assert made.redis.calls == [["41791"]]

        await made.answer()
        await made.answer()
        assert made.redis.calls == [["41791"], ["41792", "41793"]]
        assert made.references() == [1, 2, 3]

    asyncio.run(play())


def test_without_redis_a_long_message_has_its_number_in_the_stream(monkeypatch: pytest.MonkeyPatch):
    async def play() -> None:
        made = Numbering(monkeypatch)
        made.arrivals.take([item(77, text=LONG)])
        await made.settle()

        await made.answer(ReferencesUnavailable())
        assert made.references() == [77]

    asyncio.run(play())
