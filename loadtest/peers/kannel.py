"""Kannel with its receipts in memory or in Postgres, set up for throughput."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from string import Template
from urllib.parse import urlencode

import psycopg

from loadtest.peers.boxes import Bearerbox, Smsbox
from sandbox.postgres import PostgresServer
from sandbox.process import LOOPBACK, reserve_port

SYSTEM_ID, PASSWORD = "kannel", "sandbox"
DELIVERED_AND_FAILED = "3"  # which receipts it shall call back
WITHOUT_DEBUGGING = ("-v", "1")  # else it logs some twenty lines for each message
CONFIGURATION = Template(Path(__file__).with_name("kannel.conf").read_text())
RECEIPTS_IN_POSTGRES = Template(Path(__file__).with_name("kannel_postgres.conf").read_text())
TABLE = (
    "CREATE TABLE dlr (smsc text, ts text, destination text, source text, service text, url text, mask int,"
    " status int, boxc text)",
    "CREATE INDEX ON dlr (smsc, ts)",
)


class Storage(Enum):
    """Where it keeps what is to be called back when a receipt comes."""

    MEMORY = "memory"
    POSTGRES = "Postgres"


@dataclass(frozen=True, slots=True)
class Kannel:
    """Running. postgres: where its receipts are stored there."""

    bearerbox: Bearerbox
    smsbox: Smsbox
    postgres: PostgresServer | None

    def request(self, number: int, callback_port: int) -> bytes:
        """One HTTP request for a message whose receipt calls back with `number`."""
        query = {
            "username": SYSTEM_ID,
            "password": PASSWORD,
            "to": f"+{491700000000 + number}",
            "from": "Bench",
            "text": f"#{number} is your code. It is valid for five minutes.",
            "dlr-mask": DELIVERED_AND_FAILED,
            "dlr-url": f"http://{LOOPBACK}:{callback_port}/receipt?number={number}",
        }
        path = f"/cgi-bin/sendsms?{urlencode(query)}"
        return f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{self.smsbox.port}\r\n\r\n".encode()


@contextmanager
def running_kannel(directory: Path, smsc_port: int, storage: Storage) -> Iterator[Kannel]:
    """Bound, or trying to bind. Raises ServerError, ProgramMissing."""
    configuration = directory / "kannel.conf"
    with ExitStack() as running:
        boxes = running.enter_context(closing(reserve_port()))
        bearerbox = running.enter_context(closing(Bearerbox(directory / "bearerbox", configuration, WITHOUT_DEBUGGING)))
        smsbox = running.enter_context(closing(Smsbox(directory / "smsbox", configuration, WITHOUT_DEBUGGING)))
        postgres = None
        if storage is Storage.POSTGRES:
            postgres = running.enter_context(PostgresServer(directory / "postgres"))
        ports = {"admin_port": bearerbox.port, "sendsms_port": smsbox.port}
        ports |= {"smsbox_port": boxes.getsockname()[1], "smsc_port": smsc_port}
        text = CONFIGURATION.substitute(ports, system_id=SYSTEM_ID, password=PASSWORD, storage=_storage(postgres))
        configuration.write_text(text)
        bearerbox.start()
        smsbox.start()
        yield Kannel(bearerbox, smsbox, postgres)


def _storage(postgres: PostgresServer | None) -> str:
    """Lines of its configuration, once the table is there."""
    if postgres is None:
        return "dlr-storage = internal"
    host, port, _, role, password = postgres.passfile.read_text().strip().split(":")
    with psycopg.connect(postgres.dsn, passfile=str(postgres.passfile)) as connection:
        for statement in TABLE:
            connection.execute(statement)
        database = connection.info.dbname
    return RECEIPTS_IN_POSTGRES.substitute(host=host, port=port, role=role, password=password, database=database)
