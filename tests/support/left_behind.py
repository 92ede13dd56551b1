"""All that a service leaves behind or shows while it runs, by where it was found."""

import http.client
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psycopg
import redis
from connector_process import ConnectorProcess
from psycopg import sql
from redis.typing import ResponseT

from sandbox.stack import Stack

PAGES = ("/", "/status", "/metrics", "/healthz", "/readyz", "/nothing-here")
SHOWN_OF_A_PROCESS = ("cmdline", "comm", "status", "limits")
ANSWER_S = 10.0
FIRST_OF_A_STREAM = 65_536  # bytes

Sources = dict[str, bytes]

# /proc/PID/environ is left out: it may hold POSTGRES_DSN or REDIS_URL with a password, and only the same user may read
# it, who can read the memory of the process, too.


def of_processes(connector: ConnectorProcess) -> Sources:
    """What every user of the machine sees of each process."""
    return _contents(
        Path("/proc", str(process.pid), name) for process in connector.processes() for name in SHOWN_OF_A_PROCESS
    )


def of_files(connector: ConnectorProcess) -> Sources:
    """The log, standard error in it, and every file of RUNTIME_DIR: journals, metrics, Thespian's own log."""
    return _contents([connector.log_file, *(file for file in connector.runtime_dir.rglob("*") if file.is_file())])


def of_pages(connector: ConnectorProcess) -> Sources:
    """What the HTTP port answers, headers included."""
    return {page: _answer(connector, page) for page in PAGES}


def of_commands(connector: ConnectorProcess, *commands: tuple[str, ...]) -> Sources:
    """Standard output and standard error of each."""
    ended = {" ".join(command): connector.run_command(*command) for command in commands}
    return {name: (run.stdout + run.stderr).encode() for name, run in ended.items()}


def of_tables(stack: Stack) -> Sources:
    """Every row of every table of the schema."""
    with psycopg.connect(stack.postgres.dsn, passfile=str(stack.postgres.passfile)) as session:
        names = session.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'smpp'").fetchall()
        return {f"table {name}": _rows(session, name) for (name,) in names}


def of_redis(stack: Stack) -> Sources:
    """Every key with its value."""
    with redis.Redis.from_url(stack.redis.url) as client:
        return {f"Redis {key!r}": key + b" " + repr(_value(client, key)).encode() for key in client.scan_iter()}


def of_servers(stack: Stack) -> Sources:
    """What the servers log about us."""
    return {str(file): file.read_bytes() for file in stack.directory.rglob("*.log")}


def _contents(files: Iterable[Path]) -> Sources:
    """Without those that have gone meanwhile."""
    found: Sources = {}
    for file in files:
        with suppress(FileNotFoundError, ProcessLookupError):
            found[str(file)] = file.read_bytes()
    return found


def _answer(connector: ConnectorProcess, page: str) -> bytes:
    connection = http.client.HTTPConnection(connector.http.removeprefix("http://"), timeout=ANSWER_S)
    try:
        connection.request("GET", page)
        answer = connection.getresponse()
        return str(answer.headers).encode() + answer.read(FIRST_OF_A_STREAM)
    finally:
        connection.close()


def _rows(session: psycopg.Connection, name: str) -> bytes:
    table = sql.Identifier("smpp", name)
    rows = session.execute(sql.SQL("SELECT row_to_json(t)::text FROM {} t").format(table)).fetchall()
    return "\n".join(row for (row,) in rows).encode()


READ = {
    b"string": lambda client, key: client.get(key),
    b"hash": lambda client, key: client.hgetall(key),
    b"zset": lambda client, key: client.zrange(key, 0, -1, withscores=True),
    b"set": lambda client, key: client.smembers(key),
    b"list": lambda client, key: client.lrange(key, 0, -1),
}
"""By type; another one is an error, so that nothing is passed over."""


def _value(client: "redis.Redis", key: bytes) -> ResponseT:
    kind = client.type(key)
    return READ[kind](client, key) if kind != b"none" else None  # it has expired meanwhile
