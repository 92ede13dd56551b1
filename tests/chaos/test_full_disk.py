"""The disk of Postgres is full for a while, under load. Needs root, for a small file system."""

from collections.abc import Iterator

import pytest
from background_loop import BackgroundLoop
from chaos_trial import Case, Hold, Trial, running_trial
from small_disk import SmallDisk, small_disk_or_skip

from sandbox.postgres import PostgresServer
from sandbox.stack import Stack

pytestmark = pytest.mark.timeout(240)

DISK_BYTES = 400 * 2**20
FULL_S = 10.0


@pytest.fixture(scope="module")
def disk() -> Iterator[SmallDisk]:
    with small_disk_or_skip(DISK_BYTES) as mounted:
        yield mounted


@pytest.fixture(scope="module")
def postgres(disk: SmallDisk) -> Iterator[PostgresServer]:
    with PostgresServer(disk.path / "postgres") as running:
        yield running


@pytest.fixture(scope="module")
def trial(loop: BackgroundLoop, postgres: PostgresServer) -> Iterator[Trial]:
    with (
        Stack(postgres_dsn=postgres.dsn) as stack,
        running_trial(loop, stack, PGPASSFILE=str(postgres.passfile)) as running,
    ):
        yield running


def test_the_disk_of_postgres_is_full(disk: SmallDisk, postgres: PostgresServer, hold: Hold):
    def clear() -> None:
        disk.clear()
        if not postgres.running:  # it ends itself when it cannot write its log
            postgres.start()

    hold(Case(f"disk of Postgres full for {FULL_S:g} s", disk.fill, clear, FULL_S))

    assert "No space left on device" in postgres.log_file.read_text()
