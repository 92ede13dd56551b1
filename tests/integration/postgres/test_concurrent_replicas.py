"""Two replicas at the same messages at the same time: one segment concludes each message, whatever the order."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from receipts_in_the_end import applied_in_the_end

from adapters.postgres.correlations import CorrelationStore
from adapters.postgres.receipts import AppliedReceipt, ReceiptStore, Unapplied
from messages.events import DeliveryStatus

MESSAGES = 40
MOST_SEGMENTS = 4
DEADLINE_S = 30

Step = Callable[[], Awaitable[list[Any]]]


class Replica:
    """Writes, receives and expires over two connections of its own, and keeps the conclusions that it is told first."""

    def __init__(self, connect) -> None:
        self.correlations = CorrelationStore(connect())
        self.receipts = ReceiptStore(connect())
        self.conclusions: list[str] = []

    async def write(self, rows) -> None:
        await self.correlations.write(rows)

    async def refuse(self, rows) -> None:
        segments = await self.correlations.write(rows)
        self._keep(segment for segment in segments if segment.status is DeliveryStatus.REJECTED)

    async def receive(self, receipts) -> list[Any]:
        """Returns the receipts that have not found their segment, or whose segment another was at."""
        answers = await self.receipts.apply(receipts)
        applied = [answer for answer in answers if isinstance(answer, AppliedReceipt)]
        self._keep(each.segment for each in applied if each.changed)
        return [receipt for receipt, answer in zip(receipts, answers, strict=True) if isinstance(answer, Unapplied)]

    async def expire(self) -> None:
        self._keep(await self.correlations.expire(3))

    def _keep(self, segments) -> None:
        self.conclusions += [segment.message_id for segment in segments if segment.concludes]


async def until_received(replica: Replica, receipts) -> None:
    while receipts:
        receipts = await replica.receive(receipts)


def in_batches(randomness: random.Random, things: list[Any]) -> list[list[Any]]:
    randomness.shuffle(things)
    batches = []
    while things:
        size = randomness.randint(1, 12)
        batches.append(things[:size])
        things = things[size:]
    return batches


@pytest.mark.parametrize("seed", range(4))
def test_every_message_is_concluded_exactly_once(run, connect, accepted, refused, expired, receipt, query, seed):
    randomness = random.Random(seed)
    sizes = {f"m-{number}": randomness.randint(1, MOST_SEGMENTS) for number in range(MESSAGES)}
    segments = [(message_id, segment, size) for message_id, size in sizes.items() for segment in range(1, size + 1)]
    fates = {segment: randomness.choice(["delivered", "delivered", "refused", "expired"]) for segment in segments}
    replicas = [Replica(connect), Replica(connect)]

    def of(fate: str) -> list[tuple[str, int, int]]:
        return [segment for segment in segments if fates[segment] == fate]

    rows = [accepted(*segment) for segment in of("delivered")] + [expired(*segment) for segment in of("expired")]
    refusals = [refused(*segment) for segment in of("refused")] * 2  # each repeated, as after a crash
    receipts = [receipt(message_id, segment) for message_id, segment, _ in of("delivered")] * 2  # each on two binds

    async def play() -> None:
        steps = [randomness.choice(replicas).write(batch) for batch in in_batches(randomness, rows)]
        steps += [randomness.choice(replicas).refuse(batch) for batch in in_batches(randomness, refusals)]
        steps += [until_received(randomness.choice(replicas), batch) for batch in in_batches(randomness, receipts)]
        steps += [randomness.choice(replicas).expire() for _ in range(10)]
        randomness.shuffle(steps)
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*steps)
            while query("SELECT count(*) FROM smpp.message_correlations WHERE final_at IS NULL") != [(0,)]:
                await asyncio.gather(*(replica.expire() for replica in replicas))

    run(play())
    told = Counter(replicas[0].conclusions + replicas[1].conclusions)
    marked = query(
        "SELECT message_id FROM smpp.message_correlations WHERE concludes AND segments > 1 ORDER BY message_id"
    )
    assert set(told) == set(sizes)
    assert [message_id for (message_id,) in marked] == sorted(name for name, size in sizes.items() if size > 1)
    repeatable = {message_id for message_id, _, _ in of("refused")}  # a repetition tells the same conclusion again
    assert {message_id: count for message_id, count in told.items() if message_id not in repeatable and count > 1} == {}


def test_of_two_receipts_for_one_segment_the_second_sees_what_the_first_did(
    run, connect, correlations, accepted, receipt
):
    names = [f"m-{number}" for number in range(100)]
    run(correlations.write([accepted(name) for name in names]))
    undeliverable = {"status": DeliveryStatus.UNDELIVERABLE, "stat": "UNDELIV"}

    async def race() -> list[Any]:
        return await asyncio.gather(
            applied_in_the_end(Replica(connect).receipts, [receipt(name) for name in names]),
            applied_in_the_end(Replica(connect).receipts, [receipt(name, **undeliverable) for name in reversed(names)]),
        )

    delivered, failed = run(race())
    by_name = {each.segment.message_id: each for each in failed}
    for each in delivered:
        other = by_name[each.segment.message_id]
        assert {each.changed, other.changed} == {True, False}
        assert each.segment == other.segment
