"""One connection to PostgreSQL that comes back by itself.

Every call is one transaction and one network round trip, however many statements it has: psycopg's pipeline mode sends
them together, and the server ends their implicit transaction when it has done the last. Nothing is kept in the session
from call to call, and every call may be repeated, so a lost connection costs a caller time and nothing else.
"""

import asyncio
import os
import random
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncCursor, AsyncRawCursor
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres.errors import (
    DatabaseError,
    DatabaseUnavailable,
    InvalidDsn,
    connection_error,
    statement_error,
)

DEADLINE_S = 10.0  # of one call, with all its attempts
CONNECT_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 5.0
MAX_PORT = 65_535
FIRST_PAUSE_S = 0.2  # before the second attempt; doubled from attempt to attempt
LONGEST_PAUSE_S = 5.0

TCP_OPTIONS = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 10_000}
"""In seconds, the last one in milliseconds: a peer that went away without a word is noticed within 25 s."""

CLIENT_ENCODING = "UTF8"
"""Said by each connection, whatever the database, the role or PGCLIENTENCODING have: psycopg would write texts in
theirs, and read them as bytes in SQL_ASCII."""

SESSION_SETTINGS = {
    "statement_timeout": f"{STATEMENT_TIMEOUT_S:g}s",
    "client_connection_check_interval": "1s",  # a statement that nobody waits for any more shall not keep its locks
    # What concurrent replicas see of each other rests on a new snapshot for each statement.
    "default_transaction_isolation": "read committed",
    # All our statements go through an index, row by row. A plan made while the table is empty, or known to be from its
    # last VACUUM, would scan it, and stay in use while it fills.
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "jit": "off",  # never pays for statements of milliseconds
}

Row = tuple[Any, ...]
Parameters = Sequence[str | int | float | None]
Call = tuple[bytes, Parameters]


def parse_dsn(dsn: str) -> dict[str, Any]:
    """The parts of a libpq DSN; InvalidDsn without quoting it, since it may hold the password."""
    try:
        parts = dict(conninfo_to_dict(dsn))
    except psycopg.Error:
        raise InvalidDsn("POSTGRES_DSN is not a valid libpq connection string") from None
    if not all(map(_is_port, str(parts.get("port", "")).split(","))):
        raise InvalidDsn("POSTGRES_DSN: expected ports, 1 to 65535")
    return parts


class ConnectTimedOut(DatabaseUnavailable):
    """No connection in the time that was left."""


class PostgresConnection:
    """Runs statements; connects when first used and again when the connection was lost. For one event loop."""

    def __init__(self, dsn: str, application_name: str, deadline_s: float = DEADLINE_S) -> None:
        """Raises InvalidDsn."""
        self._password: str | None = parse_dsn(dsn).get("password")
        said = {"application_name": application_name, "client_encoding": CLIENT_ENCODING}
        self._conninfo = make_conninfo(dsn, **said, **TCP_OPTIONS)
        self._deadline_s = deadline_s
        self._connection: AsyncConnection[Row] | None = None
        self._turn = asyncio.Lock()
        self._pause_s = FIRST_PAUSE_S
        self._retry_at = 0.0

    async def run(self, *calls: Call) -> list[list[Row]]:
        """The rows of each of `calls`, which are one transaction; tried again until it is done or the deadline passed.

        Raises DatabaseUnavailable (it may have been stored or not: repeat it) and DatabaseRefused (it has not).
        """
        deadline = time.monotonic() + self._deadline_s
        async with self._turn:  # every call before this one has an earlier deadline
            return await self._attempt_until(deadline, calls)

    async def close(self) -> None:
        """End the connection; a later `run` would make a new one."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    async def _attempt_until(self, deadline: float, calls: Sequence[Call]) -> list[list[Row]]:
        reason: DatabaseUnavailable | None = None
        while True:
            await asyncio.sleep(min(self._retry_at, deadline) - time.monotonic())
            try:
                rows = await self._attempt(deadline, calls)
            except ConnectTimedOut as failure:
                reason = reason or failure  # the time that was left tells less than what went wrong before
                self._plan_retry(deadline, reason)
            except DatabaseUnavailable as failure:
                reason = failure
                self._plan_retry(deadline, reason)
            else:
                self._pause_s = FIRST_PAUSE_S
                return rows

    def _plan_retry(self, deadline: float, failure: DatabaseUnavailable) -> None:
        """The next attempt may be in a later call: raises `failure` when this one has no time left for it."""
        self._retry_at = time.monotonic() + self._pause_s * random.uniform(0.5, 1)  # replicas shall not come in step
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        if self._retry_at >= deadline:
            raise failure

    async def _attempt(self, deadline: float, calls: Sequence[Call]) -> list[list[Row]]:
        connection = self._connection or await self._connect(deadline)
        timer = asyncio.get_running_loop().call_later(deadline - time.monotonic(), _sever, connection)
        try:
            return await _execute(connection, calls)
        except psycopg.Error as error:
            failure = statement_error(error)
        except asyncio.CancelledError:
            await self.close()  # it may be anywhere between two statements
            raise
        finally:
            timer.cancel()
        if isinstance(failure, DatabaseUnavailable):
            await self.close()  # a new one may lead to a server that can
        raise failure

    async def _connect(self, deadline: float) -> AsyncConnection[Row]:
        timeout_s = min(CONNECT_TIMEOUT_S, deadline - time.monotonic())
        failure: DatabaseError
        try:
            async with asyncio.timeout(timeout_s):
                self._connection = await self._open()
                return self._connection
        except TimeoutError:
            failure = ConnectTimedOut(f"no connection to the database within {timeout_s:.1f} s")
        except psycopg.Error as error:
            failure = connection_error(error, self._password)
        raise failure

    async def _open(self) -> AsyncConnection[Row]:
        connection = await AsyncConnection.connect(
            self._conninfo, autocommit=True, prepare_threshold=0, cursor_factory=AsyncRawCursor
        )
        try:
            settings = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in SESSION_SETTINGS.items())
            await AsyncCursor(connection).execute(f"SELECT {settings}".encode(), prepare=False)
        except BaseException:
            await connection.close()
            raise
        return connection


async def _execute(connection: AsyncConnection[Row], calls: Sequence[Call]) -> list[list[Row]]:
    async with connection.pipeline():
        cursors = [await connection.execute(query, parameters) for query, parameters in calls]
    return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]


def _sever(connection: AsyncConnection[Row]) -> None:
    """End the TCP connection without waiting for the server, so that psycopg stops to wait for its answer.

    Cancelling would ask the server to cancel the statement, over a new connection to it, and wait for that.
    """
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as link:
        link.shutdown(socket.SHUT_RDWR)


def _is_port(text: str) -> bool:
    """Of several hosts each may have its own; libpq finds out only when it connects."""
    return text == "" or (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_PORT)
