"""What can go wrong with PostgreSQL, as callers tell it apart. No error quotes a password or a value of a row."""

import psycopg

RETRYABLE_CLASSES = frozenset({
    "08",  # connection exception
    "25",  # invalid transaction state: among them a server that has become read-only after a failover
    "40",  # serialization failure, deadlock
    "53",  # insufficient resources: too many connections, disk full
    "55",  # not in prerequisite state: lock_timeout
    "57",  # operator intervention: shutdown, statement_timeout
    "58",  # system error
})  # fmt: skip
"""Classes of SQLSTATE after which the same statement may succeed later. Source: PostgreSQL manual, appendix A."""


ROW_CLASSES = frozenset({"22", "23"})  # data exception, integrity constraint violation

NOT_SENT = "none"  # in place of an SQLSTATE where psycopg itself refused a value


class DatabaseError(Exception):
    """Anything that PostgreSQL or the way to it did not do."""


class DatabaseUnavailable(DatabaseError):
    """It could not be reached, or not answer, within the deadline; the same call may succeed later."""


class DatabaseRefused(DatabaseError):
    """It refused a statement, and would again. Nothing of the call has been stored. `sqlstate` says why."""

    def __init__(self, sqlstate: str, name: str) -> None:
        super().__init__(f"the database refused a statement: {name} (SQLSTATE {sqlstate})")
        self.sqlstate = sqlstate

    @property
    def is_of_the_row(self) -> bool:
        """Whether other rows may be taken: a value or a constraint, and not the schema, a right or our SQL."""
        return self.sqlstate == NOT_SENT or self.sqlstate[:2] in ROW_CLASSES


class InvalidDsn(DatabaseError):
    """The setting POSTGRES_DSN is no libpq connection string."""


class SchemaNotMigrated(DatabaseError):
    """The database has an older schema than this program needs."""


class MigrationChanged(DatabaseError):
    """A migration that the database has applied differs from the one of the same number here."""


def statement_error(error: psycopg.Error) -> DatabaseError:
    """What a failed statement means. The server's own words are left out: they quote values of the row."""
    name = type(error).__name__  # the SQLSTATE's, in words
    if error.sqlstate is None and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return DatabaseUnavailable("the connection to the database was lost")
    sqlstate = error.sqlstate or NOT_SENT
    if sqlstate[:2] in RETRYABLE_CLASSES:
        return DatabaseUnavailable(f"the database could not do it now: {name}")
    return DatabaseRefused(sqlstate, name)


def connection_error(error: psycopg.Error, password: str | None) -> DatabaseUnavailable:
    """What a failed connection means; libpq's first line names server, port and user."""
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    if password:
        reason = reason.replace(password, "***")
    return DatabaseUnavailable(reason)
