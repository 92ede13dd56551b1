"""Storing a batch of which one row may be refused: the others must not wait for it."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from msgspec import Struct

from actors.clients.retry import until_available
from adapters.postgres.errors import DatabaseRefused, DatabaseUnavailable

Row = TypeVar("Row")
Result = TypeVar("Result")


class Stored(Struct, Generic[Row, Result]):
    """results: of each call that was done. refused: rows that the database does not take, with its reason."""

    results: list[Result]
    refused: list[tuple[Row, str]]


async def store_each(store: Callable[[Sequence[Row]], Awaitable[Result]], rows: Sequence[Row]) -> Stored[Row, Result]:
    """One call for all rows; where the database refuses one of them, a call for each half, until the row is found.

    Waits for the database as `until_available`. Raises DatabaseRefused for what is wrong with every row.
    """
    try:
        return Stored([await until_available(partial(store, rows), DatabaseUnavailable)], [])
    except DatabaseRefused as error:
        if not rows or not error.is_of_the_row:
            raise
        if len(rows) == 1:
            return Stored([], [(rows[0], str(error))])
    middle = len(rows) // 2
    first, second = await store_each(store, rows[:middle]), await store_each(store, rows[middle:])
    return Stored(first.results + second.results, first.refused + second.refused)
