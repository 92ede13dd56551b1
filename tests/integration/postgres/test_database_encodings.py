"""Texts come back as they were stored, whatever encoding a database has, or tells its clients to use."""

from collections.abc import Callable, Iterator

import msgspec
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from adapters.postgres.connection import PostgresConnection
from adapters.postgres.correlations import CorrelationStore
from adapters.postgres.migrate import EXPECTED_VERSION, migrate, schema_version
from adapters.postgres.receipts import ReceiptStore
from adapters.postgres.unmatched import UnmatchedReceipts

DATABASE = "smpp_encoding_tests"
METADATA = {"Kampagne": "Frühling 😀", "город": "Москва"}
SMSC_MESSAGE_ID = "Ä-1"


@pytest.fixture(
    params=[("SQL_ASCII", "SQL_ASCII"), ("SQL_ASCII", "LATIN1"), ("UTF8", "SQL_ASCII"), ("UTF8", "LATIN1")],
    ids=" for clients ".join,
)
def encoded_dsn(request: pytest.FixtureRequest, empty_database: str) -> Iterator[str]:
    """Of an empty database with an encoding of its own, and one that clients get who do not ask for another."""
    encoding, client_encoding = request.param
    name = sql.Identifier(DATABASE)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        make = sql.SQL("CREATE DATABASE {} ENCODING {} LOCALE 'C' TEMPLATE template0").format(name, encoding)
        connection.execute(make)
        try:
            connection.execute(sql.SQL("ALTER DATABASE {} SET client_encoding = {}").format(name, client_encoding))
            yield make_conninfo(empty_database, dbname=DATABASE)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def opened(connect: Callable[..., PostgresConnection], encoded_dsn: str) -> PostgresConnection:
    """To the migrated database."""
    migrate(encoded_dsn)
    return connect(dsn=encoded_dsn)


def test_the_schema_is_made_and_known(encoded_dsn: str):
    assert len(migrate(encoded_dsn)) == EXPECTED_VERSION
    assert migrate(encoded_dsn) == []
    assert schema_version(encoded_dsn) == EXPECTED_VERSION


def test_a_correlation_comes_back_as_it_was_written(run, opened, accepted, receipt):
    row = accepted(metadata=METADATA, smsc_message_id=SMSC_MESSAGE_ID, smsc_message_id_key=SMSC_MESSAGE_ID)
    run(CorrelationStore(opened).write([row]))

    (applied,) = run(ReceiptStore(opened).apply([receipt(smsc_message_id_key=SMSC_MESSAGE_ID)]))

    segment = applied.segment
    assert (segment.message_id, segment.smsc_message_id, segment.metadata) == ("m-1", SMSC_MESSAGE_ID, METADATA)
    assert segment.states[0].status is segment.status


def test_the_segments_of_a_message_are_concluded_together(run, opened, accepted, receipt):
    run(CorrelationStore(opened).write([accepted(segment=number, segments=2) for number in (1, 2)]))

    applied = run(ReceiptStore(opened).apply([receipt(segment=number) for number in (1, 2)]))

    assert [(each.segment.segment, each.segment.concludes) for each in applied] == [(1, False), (2, True)]


def test_a_parked_receipt_comes_back_as_it_came(run, opened, receipt, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("adapters.postgres.unmatched.FIRST_RETRY_S", 0.0)
    parked = receipt(smsc_message_id=SMSC_MESSAGE_ID, smsc_message_id_key=SMSC_MESSAGE_ID, stat="ПУТЬ")
    store = UnmatchedReceipts(opened)
    run(store.park([parked]))

    (due,) = run(store.take_due(10))

    assert msgspec.structs.asdict(due.receipt) == msgspec.structs.asdict(parked)


def test_an_encoding_of_the_environment_changes_nothing(run, opened, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")

    assert run(opened.run((b"SELECT $1::text", ("Frühling 😀",)))) == [[("Frühling 😀",)]]
