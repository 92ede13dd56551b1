"""The schema: migrated once, from wherever, and refused when it is too old."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg.conninfo import make_conninfo

from adapters.postgres import migrate as migration
from adapters.postgres.errors import (
    DatabaseRefused,
    DatabaseUnavailable,
    InvalidDsn,
    MigrationChanged,
    SchemaNotMigrated,
)
from adapters.postgres.migrate import EXPECTED_VERSION, MIGRATIONS, Migration, migrate, require_migrated, schema_version

NAMES = [each.name for each in MIGRATIONS]


@pytest.fixture
def dsn(empty_database, query) -> Iterator[str]:
    """Without the schema; the tests after these make it again."""
    query("DROP SCHEMA IF EXISTS smpp CASCADE")
    yield empty_database
    query("DROP SCHEMA IF EXISTS smpp CASCADE")


def test_migrating_an_empty_database_applies_every_migration(dsn, query):
    assert migrate(dsn) == NAMES
    assert schema_version(dsn) == EXPECTED_VERSION
    assert query("SELECT count(*) FROM smpp.message_correlations") == [(0,)]


def test_migrating_again_applies_nothing(dsn):
    migrate(dsn)
    assert migrate(dsn) == []


def test_of_several_migrating_at_once_one_does_it_and_the_others_find_it_done(dsn):
    with ThreadPoolExecutor(6) as pool:
        applied = list(pool.map(migrate, [dsn] * 6))
    assert sorted(applied, reverse=True) == [NAMES] + [[]] * 5


def test_migrating_into_a_schema_that_an_administrator_has_made(dsn, query):
    query("CREATE SCHEMA smpp")
    assert migrate(dsn) == NAMES


def test_a_migration_that_fails_leaves_nothing_behind(dsn, monkeypatch):
    broken = Migration(EXPECTED_VERSION + 1, "9999_broken", b"CREATE TABLE smpp.half (); SELECT 1 / 0", "checksum")
    monkeypatch.setattr(migration, "MIGRATIONS", (*MIGRATIONS, broken))
    with pytest.raises(DatabaseRefused, match=r"DivisionByZero \(SQLSTATE 22012\)"):
        migrate(dsn)
    assert schema_version(dsn) == 0


def test_a_migration_that_has_changed_since_it_was_applied_is_refused(dsn, query):
    migrate(dsn)
    query("UPDATE smpp.schema_migrations SET checksum = 'another' WHERE version = 1")
    with pytest.raises(MigrationChanged, match="migration 0001_correlations has changed since"):
        migrate(dsn)


def test_a_database_without_the_schema_is_refused_with_one_line_that_says_what_to_do(dsn):
    assert schema_version(dsn) == 0
    with pytest.raises(SchemaNotMigrated) as refusal:
        require_migrated(dsn)
    assert str(refusal.value) == (
        f"the database schema is at version 0, this program needs {EXPECTED_VERSION}: run smpp-connector migrate"
    )


def test_a_schema_that_is_newer_than_the_program_is_accepted(dsn, query):
    migrate(dsn)
    query("INSERT INTO smpp.schema_migrations (version, name, checksum) VALUES (9999, 'later', '')")
    require_migrated(dsn)
    assert migrate(dsn) == []


def test_a_server_that_is_not_there_is_named_in_one_line_without_the_password():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(DatabaseUnavailable) as failure:
            migrate(f"postgresql://smpp:open-sesame@127.0.0.1:{port}/smpp")
    message = str(failure.value)
    assert f'server at "127.0.0.1", port {port} failed' in message
    assert "\n" not in message
    assert "open-sesame" not in message


def test_a_wrong_password_is_not_repeated_in_the_error(dsn):
    with pytest.raises(DatabaseUnavailable, match="password authentication failed") as failure:
        schema_version(make_conninfo(dsn, password="open-sesame"))
    assert "open-sesame" not in str(failure.value)


def test_a_dsn_that_is_none_is_not_repeated_in_the_error():
    with pytest.raises(InvalidDsn) as failure:
        migrate("postgresql://smpp:open%sesame@127.0.0.1/smpp")
    assert str(failure.value) == "POSTGRES_DSN is not a valid libpq connection string"
    assert failure.value.__suppress_context__
