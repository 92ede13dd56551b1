"""The connection: back by itself after a loss, in time when the server is away or silent, and silent about secrets."""

import asyncio
import itertools
import socket
import time
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from waiting import wait_until

from adapters.postgres.connection import SESSION_SETTINGS, PostgresConnection
from adapters.postgres.errors import DatabaseRefused, DatabaseUnavailable, InvalidDsn, statement_error

BACKENDS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
TERMINATE = BACKENDS.replace("count(*)", "pg_terminate_backend(pid, 5000)")
ONE = (b"SELECT 1", ())
SLACK_S = 5.0  # for a busy machine


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of ours where nobody listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


def test_it_connects_when_first_used_and_once(run, connect, query, application):
    connection = connect()
    assert query(BACKENDS, [application]) == [(0,)]
    assert [run(connection.run(ONE)) for _ in range(3)] == [[[(1,)]]] * 3
    assert query(BACKENDS, [application]) == [(1,)]


def test_a_call_with_several_statements_answers_each_of_them(run, connect):
    nothing = (b"CREATE TEMPORARY TABLE t (n int)", ())
    parameters = (b"SELECT $1::int + 1, $2::text", (41, "x"))
    assert run(connect().run(ONE, nothing, parameters)) == [[(1,)], [], [(42, "x")]]


def test_a_call_whose_last_statement_fails_has_stored_nothing(run, connect, query):
    insert = (b"INSERT INTO smpp.schema_migrations (version, name, checksum) VALUES (777, 'x', 'x')", ())
    with pytest.raises(DatabaseRefused) as refusal:
        run(connect().run(insert, (b"SELECT 1 / 0", ())))
    assert refusal.value.sqlstate == "22012"
    assert query("SELECT count(*) FROM smpp.schema_migrations WHERE version = 777") == [(0,)]


def test_a_refused_call_leaves_the_connection_usable(run, connect, query, application):
    connection = connect()
    with pytest.raises(DatabaseRefused):
        run(connection.run((b"SELECT 1 / 0", ()), ONE))
    assert run(connection.run(ONE)) == [[(1,)]]
    assert query(BACKENDS, [application]) == [(1,)]


def test_a_refusal_does_not_quote_the_value(run, connect):
    with pytest.raises(DatabaseRefused) as refusal:
        run(connect().run((b"SELECT $1::int", ("open-sesame",))))
    assert str(refusal.value) == "the database refused a statement: InvalidTextRepresentation (SQLSTATE 22P02)"
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None


def test_it_comes_back_after_the_server_has_ended_the_connection(run, connect, query, application):
    connection = connect()
    run(connection.run(ONE))
    query(TERMINATE, [application])
    assert run(connection.run(ONE)) == [[(1,)]]


def test_it_comes_back_after_a_statement_whose_connection_was_ended(run, connect, query, application):
    connection = connect()
    run(connection.run(ONE))

    async def lose_it_meanwhile() -> list[list[tuple[int]]]:
        running = asyncio.create_task(connection.run((b"SELECT 2 FROM pg_sleep(0.3)", ())))
        while query(BACKENDS + " AND state = 'active'", [application]) == [(0,)]:
            await asyncio.sleep(0.01)
        query(TERMINATE, [application])
        return await running

    assert run(lose_it_meanwhile()) == [[(2,)]]


def test_a_server_that_is_away_is_reported_within_the_deadline_without_the_password(run, connect, closed_port):
    connection = connect(dsn=f"postgresql://smpp:open-sesame@127.0.0.1:{closed_port}/smpp", deadline_s=1.0)
    started_at = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match=f"port {closed_port} failed: Connection refused$") as failure:
        run(connection.run(ONE))
    assert time.monotonic() - started_at < 1.0 + SLACK_S
    assert "open-sesame" not in str(failure.value)


def test_attempts_become_rarer_while_the_server_is_away(run, connect):
    attempts: list[float] = []

    async def count_attempts() -> None:
        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            attempts.append(time.monotonic())
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connection = connect(dsn=f"postgresql://smpp@127.0.0.1:{port}/smpp", deadline_s=2.0)
        with pytest.raises(DatabaseUnavailable):
            await connection.run(ONE)
        server.close()

    run(count_attempts())
    pauses = [later - earlier for earlier, later in itertools.pairwise(attempts)]
    assert 2 <= len(attempts) <= 6  # 0.2, 0.4, 0.8 s, each shortened by up to a half
    assert min(pauses) >= 0.1


def test_a_server_that_accepts_and_says_nothing_is_given_up_within_the_deadline(run, connect):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        connection = connect(dsn=f"postgresql://smpp@127.0.0.1:{port}/smpp", deadline_s=0.3)
        with pytest.raises(DatabaseUnavailable, match=r"no connection to the database within 0\.[0-9] s"):
            run(connection.run(ONE))


def test_a_statement_without_an_answer_is_given_up_within_the_deadline(run, connect):
    connection = connect(deadline_s=0.5)
    run(connection.run(ONE))
    started_at = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match="the connection to the database was lost"):
        run(connection.run((b"SELECT pg_sleep(30)", ())))
    assert time.monotonic() - started_at < 0.5 + SLACK_S
    assert run(connection.run(ONE)) == [[(1,)]]


def test_a_statement_that_was_given_up_ends_at_the_server_too(run, connect, query, application):
    with pytest.raises(DatabaseUnavailable):
        run(connect(deadline_s=0.3).run((b"SELECT pg_sleep(30)", ())))
    deadline = time.monotonic() + 4
    while query(BACKENDS, [application]) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_calls_take_turns(run, connect, query, application):
    connection = connect()

    async def two_at_once() -> list[object]:
        slow = connection.run((b"SELECT 1 FROM pg_sleep(0.2)", ()))
        return await asyncio.gather(slow, connection.run(ONE))

    assert run(two_at_once()) == [[[(1,)]], [[(1,)]]]
    assert query(BACKENDS, [application]) == [(1,)]


def test_a_call_does_not_wait_longer_for_its_turn_than_its_deadline(run, connect):
    connection = connect(deadline_s=0.3)

    async def behind_a_slow_one() -> list[object]:
        slow = connection.run((b"SELECT pg_sleep(30)", ()))
        return await asyncio.gather(slow, connection.run(ONE), return_exceptions=True)

    started_at = time.monotonic()
    outcomes = run(behind_a_slow_one())
    assert time.monotonic() - started_at < 0.3 + SLACK_S
    assert [isinstance(outcome, DatabaseUnavailable) for outcome in outcomes] == [True, True]


def test_a_connection_whose_settings_are_refused_is_closed(run, connect, query, monkeypatch, application):
    monkeypatch.setitem(SESSION_SETTINGS, "no_such_setting", "on")
    with pytest.raises(DatabaseUnavailable, match="unrecognized configuration parameter"):
        run(connect(deadline_s=0.3).run(ONE))
    wait_until(lambda: query(BACKENDS, [application]) == [(0,)], 5.0, "the server to see the end")


def test_a_call_that_is_cancelled_leaves_nothing_behind(run, connect, query, application):
    connection = connect()

    async def cancel_one() -> list[list[tuple[int]]]:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await connection.run(ONE, (b"SELECT pg_sleep(30)", ()), ONE)
        return await connection.run(ONE)

    assert run(cancel_one()) == [[(1,)]]
    assert query(BACKENDS + " AND state = 'idle'", [application]) == [(1,)]


def test_a_deadlock_is_tried_again(run, connect, correlations, accepted):
    run(correlations.write([accepted("m-1"), accepted("m-2")]))
    update = b"UPDATE smpp.message_correlations SET traceparent = 'x' WHERE message_id = $1"
    wait = (b"SELECT 1 FROM pg_sleep(0.2)", ())

    async def cross() -> list[object]:
        return await asyncio.gather(
            connect().run((update, ("m-1",)), wait, (update, ("m-2",))),
            connect().run((update, ("m-2",)), wait, (update, ("m-1",))),
        )

    assert run(cross()) == [[[], [(1,)], []]] * 2


def test_a_dsn_that_is_none_is_refused_without_quoting_it():
    with pytest.raises(InvalidDsn) as refusal:
        PostgresConnection("postgresql://smpp:open%sesame@127.0.0.1/smpp", "test")
    assert str(refusal.value) == "POSTGRES_DSN is not a valid libpq connection string"


def test_a_wrong_password_is_a_server_that_is_away_and_is_not_quoted(run, connect, dsn):
    connection = connect(dsn=make_conninfo(dsn, password="open-sesame"), deadline_s=3.0)
    with pytest.raises(DatabaseUnavailable, match="password authentication failed") as failure:
        run(connection.run(ONE))
    assert "open-sesame" not in str(failure.value)


@pytest.mark.parametrize(
    ("sqlstate", "words"),
    [
        ("40P01", "DeadlockDetected"),
        ("57014", "QueryCanceled"),
        ("53100", "DiskFull"),
        ("25006", "ReadOnlySqlTransaction"),
    ],
)
def test_what_may_succeed_later_is_unavailable(sqlstate, words):
    error = statement_error(psycopg.errors.lookup(sqlstate)("open-sesame"))
    assert isinstance(error, DatabaseUnavailable)
    assert str(error) == f"the database could not do it now: {words}"


def test_a_value_that_cannot_even_be_sent_is_refused(run, connect):
    with pytest.raises(DatabaseRefused) as refusal:
        run(connect().run((b"SELECT $1", ("open\0sesame",))))
    assert str(refusal.value) == "the database refused a statement: DataError (SQLSTATE none)"
