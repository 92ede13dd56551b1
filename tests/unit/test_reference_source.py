"""References for long messages, as an OperatorActor gets them."""

import asyncio
import json
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from actors.operator import references
from actors.operator.references import ReferenceSource
from adapters.redis_references import ReferencesUnavailable
from config.operators import Endpoint, OperatorConfig
from core.intake import Intake, Taken
from messages.lanes import DispatchItem

LONG = "a" * 161  # two parts
INTAKE = Intake(OperatorConfig(operator_id="mno", endpoints=(Endpoint(host="smsc", port=2775),)))


def long_message(number: int) -> Taken:
    dispatch = {
        "message_id": f"m{number}",
        "operator_id": "mno",
        "to": f"+4179{number}",
        "from": "1",
        "text": "a" * 161,
    }
    reply = f"$JS.ACK.SMS_DISPATCH.smpp-mno.1.{number}.{number}.1700000000000000000.0"
    item = DispatchItem(json.dumps(dispatch).encode(), reply, 1, "", 1.0, 1.0)
    taken = INTAKE.prepare(item, INTAKE.read(item), 0.0)
    assert isinstance(taken, Taken)
    return taken


class SlowRedis:
    """Answers each call when it is told to, with references from 1 on."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self._answers: list[asyncio.Future[None]] = []
        self._given = 0

    async def next_references(self, destinations: Sequence[str]) -> list[int]:
        self.calls.append(list(destinations))
        self._answers.append(asyncio.get_running_loop().create_future())
        await self._answers[-1]
        first, self._given = self._given + 1, self._given + len(destinations)
        return list(range(first, self._given + 1))

    async def answer(self, error: Exception | None = None) -> None:
        """Let the oldest call have its answer, and whoever waits for it go on."""
        answer = self._answers.pop(0)
        answer.set_exception(error) if error else answer.set_result(None)
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> SlowRedis:
    made = SlowRedis()
    monkeypatch.setattr(references, "surroundings", lambda: SimpleNamespace(settings=SimpleNamespace(redis_url="")))
    monkeypatch.setattr(references, "RedisReferences", lambda _url: made)
    return made


def open_source() -> tuple[ReferenceSource, list[int]]:
    """The source, and the references that it has given."""
    given: list[int] = []
    source = ReferenceSource(
        lambda numbered: given.extend(reference for _taken, reference in numbered),
        asyncio.get_running_loop().create_task,
    )
    return source, given


def test_what_comes_while_redis_is_asked_goes_together_into_the_next_question(redis: SlowRedis):
    async def play() -> None:
        source, given = open_source()
        for number in (1, 2, 3):
            source.number(long_message(number))
            await settle()
        assert (redis.calls, len(source.waiting), given) == ([["41791"]], 3, [])

        await redis.answer()
        assert (redis.calls[1:], len(source.waiting), given) == ([["41792", "41793"]], 2, [1])

        await redis.answer()
        assert (len(redis.calls), source.waiting, given) == (2, [], [1, 2, 3])

    asyncio.run(play())


def test_without_redis_a_message_has_its_number_in_the_stream(redis: SlowRedis):
    async def play() -> None:
        source, given = open_source()
        source.number(long_message(77))
        await settle()

        await redis.answer(ReferencesUnavailable())
        assert given == [77]

    asyncio.run(play())


def test_what_waited_at_the_end_gets_none_and_what_comes_later_does(redis: SlowRedis):
    async def play() -> None:
        source, given = open_source()
        source.number(long_message(1))
        await settle()

        source.close()
        source.number(long_message(2))
        await redis.answer()
        await redis.answer()
        assert (redis.calls, given) == ([["41791"], ["41792"]], [2])

    asyncio.run(play())
