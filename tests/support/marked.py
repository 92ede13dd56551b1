"""Values that occur nowhere else, for whatever must not be seen: where one of them is found, something has leaked."""

from collections.abc import Mapping
from pathlib import Path

from sandbox.operator_data import Credentials
from sandbox.stack import Stack

NUMBER = "499876012345"
SENDER = "499875554321"
TEXT = "Zebrafink7 im Kontor"
UCS2_TEXT = "Жираф в порту"
LONG_TEXT = "Papagei8 im Turm, " * 20
BINARY = "Otter9-Daten"
HANDSET = "499874443210"
HANDSET_TEXT = "Nashorn3 am Bahnhof"
ALIEN_RECEIPT_TEXT = "Okapi5 am Kai"  # of a receipt that names no message
METADATA = "Giraffe6-Kampagne"
PASSWORD = "Qz7#pX9w"
REFUSED_PASSWORD = "Wv4#kR2m"
REDIS_PASSWORD = "Redis-Qz7pX9wk"
URL_PASSWORD = "Elsewhere-Qz7pX9wk"

PERSONAL: Mapping[str, str] = {
    "to": NUMBER,
    "from": SENDER,
    "text": TEXT,
    "UCS-2 text": UCS2_TEXT,
    "long text": "Papagei8 im Turm",
    "data": BINARY,
    "handset": HANDSET,
    "text from the handset": HANDSET_TEXT,
    "text of a receipt": ALIEN_RECEIPT_TEXT,
}
"""Whom is written to and what, and by whom."""

PASSWORDS: Mapping[str, str] = {
    "SMPP password": PASSWORD,
    "refused SMPP password": REFUSED_PASSWORD,
    "Redis password": REDIS_PASSWORD,
    "password of a server that is not there": URL_PASSWORD,
}


def secrets_of(stack: Stack, credentials: Credentials) -> dict[str, str]:
    """All passwords, and what the files of keys hold."""
    return {
        **PASSWORDS,
        "Postgres password": postgres_password(stack),
        "key of mutual TLS": _body(Path(stack.environment["OPERATOR_MANAGEMENT_KEY_FILE"]).read_text()),
        "NKey seed": stack.nats.seed_file.read_text().strip(),
        "TLS key of the credentials": _body(credentials.tls_key_pem or ""),
    }


def postgres_password(stack: Stack) -> str:
    """Of the role that the service has."""
    return stack.postgres.passfile.read_text().strip().rpartition(":")[2]


def _body(pem: str) -> str:
    """The first line of a key, which says something of it; the one before says only what it is."""
    return pem.splitlines()[1]
