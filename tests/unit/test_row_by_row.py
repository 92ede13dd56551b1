"""Rows that the database does not take are found, and the others stored."""

import asyncio
from collections.abc import Sequence

import pytest

from actors.clients.row_by_row import Stored, store_each
from adapters.postgres.errors import DatabaseRefused

OF_THE_ROW = DatabaseRefused("22003", "NumericValueOutOfRange")
OF_THE_SCHEMA = DatabaseRefused("42P01", "UndefinedTable")


class Table:
    """Takes even numbers."""

    def __init__(self, refusal: DatabaseRefused = OF_THE_ROW) -> None:
        self.calls: list[list[int]] = []
        self._refusal = refusal

    async def store(self, rows: Sequence[int]) -> int:
        self.calls.append(list(rows))
        if any(row % 2 for row in rows):
            raise self._refusal
        return sum(rows)


def test_a_batch_that_is_taken_is_one_call():
    table = Table()

    assert asyncio.run(store_each(table.store, [2, 4, 6])) == Stored([12], [])
    assert table.calls == [[2, 4, 6]]


def test_a_row_that_is_refused_is_found_and_the_others_are_stored():
    table = Table()

    stored = asyncio.run(store_each(table.store, [2, 4, 5, 6, 8]))

    assert stored == Stored([6, 14], [(5, str(OF_THE_ROW))])


def test_what_is_wrong_with_every_row_is_raised():
    table = Table(OF_THE_SCHEMA)

    with pytest.raises(DatabaseRefused, match="42P01"):
        asyncio.run(store_each(table.store, [2, 5]))
    assert table.calls == [[2, 5]]
