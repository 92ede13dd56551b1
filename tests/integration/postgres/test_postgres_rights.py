"""PostgreSQL with TLS and the roles of docs/rights/postgres.sql: one that migrates, and one that owns nothing."""

import asyncio
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from background_loop import BackgroundLoop
from psycopg.conninfo import make_conninfo
from psycopg.errors import InsufficientPrivilege
from rights import OWNER, RUNNER, make_roles
from tls_front import TlsFront, when_asked

from adapters.postgres.connection import PostgresConnection
from adapters.postgres.errors import DatabaseUnavailable
from adapters.postgres.migrate import EXPECTED_VERSION, schema_version
from adapters.postgres.statements import folder as sql_folder
from adapters.postgres.statements import statement
from sandbox.account import unprivileged_account
from sandbox.authority import Authority
from sandbox.postgres import DATABASE, PostgresServer
from sandbox.process import LOOPBACK

STATEMENTS = sorted(file.name.removesuffix(".sql") for file in sql_folder("sql").iterdir())
DML = {"SELECT", "INSERT", "UPDATE", "DELETE"}
GRANTS = {
    "message_correlations": DML,
    "schema_migrations": {"SELECT"},
    "unanswered_submits": DML,
    "unmatched_receipts": DML,
}
NOT_OURS = (
    "DROP TABLE smpp.message_correlations",
    "TRUNCATE smpp.message_correlations",
    "ALTER TABLE smpp.message_correlations ADD COLUMN recipient text",
    "CREATE INDEX ON smpp.message_correlations (status)",
    "UPDATE smpp.schema_migrations SET checksum = ''",
    "CREATE TABLE smpp.mine ()",
    "CREATE TABLE public.mine ()",
    "CREATE TEMPORARY TABLE mine ()",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "SELECT * FROM pg_authid",
    "SELECT pg_read_file('postgresql.conf')",
    "COPY smpp.message_correlations TO PROGRAM 'cat'",
)
TABLES_AND_GRANTS = """
SELECT table_name::text, privilege_type::text FROM information_schema.role_table_grants
WHERE grantee = current_user
"""
DEADLINE_S = 3.0


@dataclass(frozen=True)
class Site:
    """A server that lets in by TLS alone."""

    authority: Authority
    port: int
    passwords: dict[str, str]

    def dsn(self, role: str = RUNNER, **changes: object) -> str:
        verified = {"sslmode": "verify-full", "sslrootcert": str(self.authority.ca_file)}
        who = {"dbname": DATABASE, "user": role, "password": self.passwords[role]}
        return make_conninfo(**{"host": LOOPBACK, "port": self.port, **who, **verified, **changes})


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Not pytest's: root's PostgreSQL runs under another uid, which cannot enter there."""
    with tempfile.TemporaryDirectory() as name:
        unprivileged_account().let_through(Path(name))
        yield Path(name)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[PostgresServer]:
    with PostgresServer(folder / "postgres") as running:
        yield running


@pytest.fixture(scope="module")
def site(loop: BackgroundLoop, folder: Path, server: PostgresServer) -> Iterator[Site]:
    authority = Authority(folder / "tls")
    with TlsFront(loop, authority.issue_server("postgres"), server.port, when_asked) as front:
        made = Site(authority, front.port, {role: secrets.token_urlsafe(8) for role in (OWNER, RUNNER)})
        make_roles(server, made.passwords, made.dsn(OWNER))
        yield made


def failure(dsn: str) -> str:
    """What keeps the service's own client from a statement."""

    async def ask() -> None:
        connection = PostgresConnection(dsn, "trial", DEADLINE_S)
        try:
            await connection.run((b"SELECT 1", ()))
        finally:
            await connection.close()

    with pytest.raises(DatabaseUnavailable) as raised:
        asyncio.run(ask())
    return str(raised.value)


def test_the_role_of_the_service_may_change_rows_and_read_the_version(site: Site):
    with psycopg.connect(site.dsn()) as session:
        rows = session.execute(TABLES_AND_GRANTS).fetchall()
    assert {table: {right for name, right in rows if name == table} for table, _ in rows} == GRANTS
    assert schema_version(site.dsn()) == EXPECTED_VERSION


@pytest.mark.parametrize("name", STATEMENTS)
def test_each_statement_of_the_service_needs_no_more(site: Site, name: str):
    """A plan is refused where the statement would be."""
    with psycopg.connect(site.dsn()) as session, psycopg.RawCursor(session) as cursor:
        cursor.execute(b"SELECT set_config('smpp.touched', '[]', true)")
        plan = cursor.execute(b"EXPLAIN (GENERIC_PLAN) " + statement(name)).fetchall()
    assert plan


@pytest.mark.parametrize("attempt", NOT_OURS)
def test_it_owns_nothing_and_may_do_nothing_else(site: Site, attempt: str):
    with psycopg.connect(site.dsn()) as session, pytest.raises(InsufficientPrivilege):
        session.execute(attempt.encode())


def test_a_certificate_of_another_authority_is_refused(site: Site, tmp_path: Path):
    stranger = Authority(tmp_path / "stranger")
    assert "certificate verify failed" in failure(site.dsn(sslrootcert=str(stranger.ca_file)))


def test_a_certificate_for_another_name_is_refused(site: Site):
    """localhost is in the certificate, this is not."""
    found = failure(site.dsn(host="postgres.elsewhere", hostaddr=LOOPBACK))
    assert 'does not match host name "postgres.elsewhere"' in found
