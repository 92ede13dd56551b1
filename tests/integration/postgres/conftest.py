"""A migrated database of its own for these tests, emptied before each of them; the stores on it; and rows for them.

The session-wide fixture `postgres` (tests/conftest.py) gives the server: `dsn` and `passfile`.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, Protocol

import msgspec
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
from messages.correlations import CorrelationRow, ReceiptRow
from messages.events import DeliveryStatus

DATABASE = "smpp_store_tests"
SUBMITTED_AT = 1_795_000_000.125
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


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
    query("TRUNCATE smpp.message_correlations, smpp.unmatched_receipts, smpp.unanswered_submits")
    return empty_database


@pytest.fixture
def run() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Runs a coroutine to its end, all of one test in one loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner.run


@pytest.fixture
def application() -> str:
    """Name of this test's connections at the server, where those of others may still be going."""
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture
def connect(dsn: str, run, application: str) -> Iterator[Callable[..., PostgresConnection]]:
    """Makes connections that are closed at the end."""
    connections: list[PostgresConnection] = []

    def make(**options: Any) -> PostgresConnection:
        connections.append(PostgresConnection(options.pop("dsn", dsn), application, **options))
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


def accepted_row(message_id: str = "m-1", segment: int = 1, segments: int = 1, **changes: Any) -> CorrelationRow:
    row = CorrelationRow(
        message_id=message_id,
        operator_id="op-1",
        segment=segment,
        segments=segments,
        status=DeliveryStatus.ACCEPTED,
        final=False,
        request_dlr=True,
        expires_at=time.time() + 3600,
        submitted_at=SUBMITTED_AT,
        smsc_message_id=f"ID-{message_id}-{segment}",
        smsc_message_id_key=f"id-{message_id}-{segment}",
        metadata={"campaign": "spring"},
        traceparent=TRACEPARENT,
    )
    return msgspec.structs.replace(row, **changes)


def refused_row(message_id: str = "m-1", segment: int = 1, segments: int = 1, **changes: Any) -> CorrelationRow:
    row = accepted_row(message_id, segment, segments, status=DeliveryStatus.REJECTED, final=True)
    return msgspec.structs.replace(row, smsc_message_id="", smsc_message_id_key="", **changes)


def expired_row(message_id: str = "m-1", segment: int = 1, segments: int = 1, **changes: Any) -> CorrelationRow:
    return accepted_row(message_id, segment, segments, **({"expires_at": time.time() - 3600} | changes))


def receipt_row(message_id: str = "m-1", segment: int = 1, **changes: Any) -> ReceiptRow:
    row = ReceiptRow(
        operator_id="op-1",
        smsc_message_id=f"ID-{message_id}-{segment}",
        smsc_message_id_key=f"id-{message_id}-{segment}",
        status=DeliveryStatus.DELIVERED,
        final=True,
        stat="DELIVRD",
        error_code="000",
        done_at="2026-11-18T22:13:20.000Z",
        received_at=SUBMITTED_AT + 5,
    )
    return msgspec.structs.replace(row, **changes)


@pytest.fixture
def accepted() -> Callable[..., CorrelationRow]:
    """Makes the row of a segment that the operator accepted; its key is id-<message_id>-<segment>."""
    return accepted_row


@pytest.fixture
def refused() -> Callable[..., CorrelationRow]:
    """Makes the row of a segment that the operator refused."""
    return refused_row


@pytest.fixture
def expired() -> Callable[..., CorrelationRow]:
    """Makes the row of a segment that was accepted, and whose receipt should have come by now."""
    return expired_row


@pytest.fixture
def receipt() -> Callable[..., ReceiptRow]:
    """Makes a final receipt for the row that `accepted` makes of the same message_id and segment."""
    return receipt_row
