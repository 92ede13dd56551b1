"""A migrated database of its own for these tests, emptied before each of them, and the stores on it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, Protocol

import psycopg
import pytest
import uvloop
from psycopg import sql
from psycopg.conninfo import make_conninfo

from adapters.postgres.connection import PostgresConnection
from adapters.postgres.correlations import CorrelationStore
from adapters.postgres.migrate import migrate
from adapters.postgres.receipts import ReceiptStore
from adapters.postgres.unmatched import UnmatchedReceipts

DATABASE = "smpp_store_tests"


class Query(Protocol):
    """Runs one statement beside the stores, as somebody with psql would."""

    def __call__(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...


@pytest.fixture(scope="session")
def empty_database(postgres) -> Iterator[str]:
    """DSN of a database without a schema."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSFILE", str(postgres.passfile))
        with psycopg.connect(postgres.dsn, autocommit=True) as connection:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE))
            connection.execute(drop)
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
            yield make_conninfo(postgres.dsn, dbname=DATABASE)
            connection.execute(drop)


@pytest.fixture(scope="session")
def query(empty_database: str) -> Iterator[Query]:
    with psycopg.connect(empty_database, autocommit=True) as connection:

        def run_query(query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
            cursor = connection.execute(query.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

        yield run_query


@pytest.fixture
def dsn(empty_database: str, query: Query) -> str:
    """DSN of the database with the schema and without a row."""
    migrate(empty_database)
    query("TRUNCATE smpp.message_correlations, smpp.unmatched_receipts")
    return empty_database


@pytest.fixture
def run() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Runs a coroutine to its end, all of one test in one loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner.run


@pytest.fixture
def connect(dsn: str, run) -> Iterator[Callable[..., PostgresConnection]]:
    """Makes connections that are closed at the end."""
    connections: list[PostgresConnection] = []

    def make(**options: Any) -> PostgresConnection:
        connections.append(PostgresConnection(options.pop("dsn", dsn), "test", **options))
        return connections[-1]

    yield make
    for connection in connections:
        run(connection.close())


@pytest.fixture
def correlations(connect) -> CorrelationStore:
    return CorrelationStore(connect())


@pytest.fixture
def receipts(connect) -> ReceiptStore:
    return ReceiptStore(connect())


@pytest.fixture
def unmatched(connect) -> UnmatchedReceipts:
    return UnmatchedReceipts(connect())
