"""Columns of a batch as array literals, one parameter each.

Written as text and by joining whole columns: psycopg's own dumper for lists looks at each value in Python.
"""

from collections.abc import Iterable, Sequence

REPLACEMENT = "\ufffd"  # for NUL, which PostgreSQL's text can't hold; an id with one was never stored as it came


def text_array(values: Sequence[str]) -> str:
    """Literal of a text[]. A value that PostgreSQL can't store (NUL, half of a surrogate pair) is stored altered."""
    if not values:
        return "{}"
    joined = "\0".join(values)
    if joined.count("\0") >= len(values):
        joined = "\0".join(value.replace("\0", REPLACEMENT) for value in values)
    if not joined.isascii():
        joined = joined.encode("utf-8", "replace").decode()
    escaped = joined.replace("\\", "\\\\").replace('"', '\\"')
    return '{"' + escaped.replace("\0", '","') + '"}'


def number_array(values: Iterable[float]) -> str:
    """Literal of an array of any numeric type."""
    return "{" + ",".join(map(repr, values)) + "}"


def optional_number_array(values: Iterable[float | None]) -> str:
    """As number_array, None as NULL."""
    return "{" + ",".join("NULL" if value is None else repr(value) for value in values) + "}"


def boolean_array(values: Iterable[bool]) -> str:
    """Literal of a boolean[]."""
    return "{" + ",".join("t" if value else "f" for value in values) + "}"
