"""The sweep as it runs every night: beside the writes of the service, killed on the way, and twice at once."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from adapters.postgres.migrate import migrate
from loadtest.sweep.measurement import Sweeps, measure_sweep
from loadtest.sweep.table import fill
from sandbox.postgres import PostgresServer

ROWS = 20_000
ALONE_S = 0.5


@pytest.fixture
def database(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The DSN of a migrated database of its own."""
    monkeypatch.setenv("PGPASSFILE", str(postgres.passfile))
    name = "sweep_beside_writes"
    with psycopg.connect(postgres.dsn, autocommit=True) as session:
        session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    dsn = f"{postgres.dsn.rpartition('/')[0]}/{name}"
    migrate(dsn)
    return dsn


def test_a_killed_sweep_and_two_at_once_remove_all_that_has_expired_and_nothing_else(
    database: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    fill(database, ROWS, progress=lambda _rows: None)
    sweeps = Sweeps(tmp_path, database, postgres.passfile)
    swept = asyncio.run(measure_sweep(database, sweeps, ROWS, ALONE_S, say=lambda _line: None))
    assert swept.problems == []
