"""The SQL of this package, from the files beside it; their comments stay here."""

import re
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

COMMENT = re.compile(r"\s*--.*")
PACKAGE = "adapters.postgres"


@cache
def statement(name: str) -> bytes:
    """The statement in sql/<name>.sql, its parameters written $1, $2 ..., without comments and empty lines.

    Without: psycopg looks at each byte of it again for every call, and keeps what it found only below 4,096 of them.
    """
    lines = (COMMENT.sub("", line) for line in folder("sql").joinpath(f"{name}.sql").read_text("utf-8").splitlines())
    return "\n".join(line for line in lines if line.strip()).encode()


def folder(name: str) -> Traversable:
    """A folder of SQL files, wherever the package is installed."""
    return resources.files(PACKAGE).joinpath(name)
