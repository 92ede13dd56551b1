"""What the replicas tell each other of Redis, over NATS."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest
from nats.errors import ConnectionClosedError

from actors.router import redis_news
from actors.router.redis_news import RedisNewsExchange

Callback = Callable[[SimpleNamespace], Awaitable[None]]


class Nats:
    """Carries each message to all who follow its subject, whoever publishes it."""

    def __init__(self) -> None:
        self.followers: list[tuple[str, Callback]] = []
        self.is_closed = False

    async def subscribe(self, subject: str, cb: Callback) -> SimpleNamespace:
        follower = (subject, cb)
        self.followers.append(follower)

        async def unsubscribe() -> None:
            self.followers.remove(follower)

        return SimpleNamespace(unsubscribe=unsubscribe)

    async def publish(self, subject: str, data: bytes) -> None:
        if self.is_closed:
            raise ConnectionClosedError
        for followed, callback in self.followers:
            if followed == subject:
                await callback(SimpleNamespace(data=data))


class Replicas:
    """On one NATS. heard: (replica, whether Redis answers whoever spoke)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.nats = Nats()
        self.heard: list[tuple[str, bool]] = []
        self._monkeypatch = monkeypatch

    async def join(self, name: str, operator_id: str = "mno") -> RedisNewsExchange:
        settings = SimpleNamespace(connector_id=name)
        self._monkeypatch.setattr(redis_news, "surroundings", lambda: SimpleNamespace(settings=settings))
        client = self.nats
        exchange = RedisNewsExchange(client, operator_id, lambda answers: self.heard.append((name, answers)))  # type: ignore[arg-type]
        await exchange.follow()
        return exchange


@pytest.fixture
def replicas(monkeypatch: pytest.MonkeyPatch) -> Replicas:
    return Replicas(monkeypatch)


@pytest.mark.parametrize("answers", [True, False])
def test_all_others_hear_it_and_the_one_that_says_it_does_not(replicas: Replicas, answers: bool):
    async def play() -> None:
        first = await replicas.join("r-1")
        for name in ("r-2", "r-3"):
            await replicas.join(name)
        await first.tell(answers=answers)

    asyncio.run(play())
    assert replicas.heard == [("r-2", answers), ("r-3", answers)]


def test_operators_have_news_of_their_own(replicas: Replicas):
    async def play() -> None:
        first = await replicas.join("r-1")
        await replicas.join("r-2", operator_id="another")
        await first.tell(answers=True)

    asyncio.run(play())
    assert replicas.heard == []


def test_other_words_are_no_news(replicas: Replicas):
    async def play() -> None:
        await replicas.join("r-1")
        await replicas.nats.publish("smpp.redis.mno", b"is well, says r-2")

    asyncio.run(play())
    assert replicas.heard == []


def test_who_has_left_hears_no_more(replicas: Replicas):
    async def play() -> None:
        first, second = await replicas.join("r-1"), await replicas.join("r-2")
        await second.close()
        await first.tell(answers=True)

    asyncio.run(play())
    assert replicas.heard == []


def test_without_nats_nothing_is_told_and_nothing_fails(replicas: Replicas):
    async def play() -> None:
        first = await replicas.join("r-1")
        await replicas.join("r-2")
        replicas.nats.is_closed = True
        await first.tell(answers=False)

    asyncio.run(play())
    assert replicas.heard == []
