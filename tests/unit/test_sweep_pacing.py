"""The sweep gives way to those who write."""

import asyncio

import pytest

from adapters.postgres import sweeping
from adapters.postgres.sweeping import MOST_REST_S, rest_s, swept_batches


def test_a_sweep_rests_as_long_as_it_worked() -> None:
    assert rest_s(0.02) == pytest.approx(0.02)


def test_no_rest_is_longer_than_five_seconds() -> None:
    assert rest_s(60.0) == MOST_REST_S == 5.0


def test_a_sweep_goes_on_until_a_batch_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "MOST_REST_S", 0.0)
    left = [500, 500, 30, 0, 500]

    async def sweep() -> int:
        return left.pop(0)

    async def all_batches() -> list[int]:
        return [swept async for swept in swept_batches(sweep)]

    assert asyncio.run(all_batches()) == [500, 500, 30]
    assert left == [500]
