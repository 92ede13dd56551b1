"""Brings the schema `smpp` up to date, and says whether it is."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources.abc import Traversable
from typing import Any

import psycopg
from msgspec import Struct

from adapters.postgres.connection import CLIENT_ENCODING, parse_dsn
from adapters.postgres.errors import MigrationChanged, SchemaNotMigrated, connection_error, statement_error
from adapters.postgres.statements import folder

Session = psycopg.Connection[tuple[Any, ...]]

CONNECT_TIMEOUT_S = 5
LOCK_TIMEOUT_S = 60
LOCK_ID = 0x736D70702D6D6967  # "smpp-mig" in ASCII

PREPARE = b"""
DO $$ BEGIN
    -- CREATE SCHEMA IF NOT EXISTS wants the right to create one even where it exists.
    IF to_regnamespace('smpp') IS NULL THEN CREATE SCHEMA smpp; END IF;
END $$;
CREATE TABLE IF NOT EXISTS smpp.schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


class Migration(Struct, frozen=True):
    """One file of the folder `migrations`, NNNN_name.sql. checksum: SHA-256 of its text."""

    version: int
    name: str
    sql: bytes
    checksum: str


def _read(file: Traversable) -> Migration:
    sql = file.read_bytes()
    name = file.name.removesuffix(".sql")
    return Migration(int(name.partition("_")[0]), name, sql, hashlib.sha256(sql).hexdigest())


_FILES = [file for file in folder("migrations").iterdir() if file.name.endswith(".sql")]
MIGRATIONS = tuple(sorted(map(_read, _FILES), key=lambda migration: migration.version))
EXPECTED_VERSION = MIGRATIONS[-1].version
"""The schema that this program was written for."""


def migrate(dsn: str) -> list[str]:
    """Apply the migrations that are missing, all or none; returns their names, e.g. ["0001_correlations"].

    Safe to run twice and from several places at once: the second waits for the first, LOCK_TIMEOUT_S at most. Raises
    InvalidDsn, DatabaseUnavailable, DatabaseRefused and MigrationChanged.
    """
    with _session(dsn) as session:
        session.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'".encode())
        session.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK_ID,))
        session.execute(PREPARE)
        missing = _missing(session)
        for migration in missing:
            _apply(session, migration)
    return [migration.name for migration in missing]


def schema_version(dsn: str) -> int:
    """The last migration that the database has, 0 where it has none. Raises InvalidDsn, Database..."""
    with _session(dsn) as session:
        row = session.execute("SELECT to_regclass('smpp.schema_migrations') IS NOT NULL").fetchone()
        if row != (True,):
            return 0
        ((version,),) = session.execute("SELECT coalesce(max(version), 0) FROM smpp.schema_migrations").fetchall()
    return int(version)


def require_migrated(dsn: str) -> None:
    """Raises SchemaNotMigrated for a schema older than ours; a newer one is there in every rolling update."""
    version = schema_version(dsn)
    if version < EXPECTED_VERSION:
        raise SchemaNotMigrated(
            f"the database schema is at version {version}, this program needs {EXPECTED_VERSION}: "
            "run smpp-connector migrate"
        )


@contextmanager
def _session(dsn: str) -> Iterator[Session]:
    """A connection with one transaction, committed at the end."""
    password = parse_dsn(dsn).get("password")
    try:
        session = psycopg.connect(
            dsn,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="smpp-connector migrate",
            client_encoding=CLIENT_ENCODING,
        )
    except psycopg.Error as error:
        raise connection_error(error, password) from None
    try:
        with session:
            yield session
    except psycopg.Error as error:
        raise statement_error(error) from None


def _missing(session: Session) -> list[Migration]:
    applied: dict[int, str] = dict(session.execute("SELECT version, checksum FROM smpp.schema_migrations").fetchall())
    for migration in MIGRATIONS:
        if applied.get(migration.version, migration.checksum) != migration.checksum:
            raise MigrationChanged(f"migration {migration.name} has changed since the database applied it")
    return [migration for migration in MIGRATIONS if migration.version not in applied]


def _apply(session: Session, migration: Migration) -> None:
    session.execute(migration.sql)
    session.execute(
        "INSERT INTO smpp.schema_migrations (version, name, checksum) VALUES (%s, %s, %s)",
        (migration.version, migration.name, migration.checksum),
    )
