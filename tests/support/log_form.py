"""The form of a log: which fields a line has, in which order, and what they look like."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

FIRST = ("time", "level", "actor", "operator_id", "session", "message_id", "trace_id", "event", "message")
LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TRACE_ID = re.compile(r"[0-9a-f]{32}")

Line = Mapping[str, Any]


def faulty_lines(log: Iterable[Line]) -> list[Line]:
    """Those that are not as docs/logs.md says."""
    return [line for line in log if not _is_in_form(line)]


def _is_in_form(line: Line) -> bool:
    names = [name for name in line if name in FIRST]
    return (
        list(line)[: len(names)] == [name for name in FIRST if name in line]
        and {"time", "level", "actor", "event"} <= line.keys()
        and RFC3339.fullmatch(line["time"]) is not None
        and line["level"] in LEVELS
        and TRACE_ID.fullmatch(line.get("trace_id", "0" * 32)) is not None
        and _says_whose_it_is(line)
    )


def _says_whose_it_is(line: Line) -> bool:
    """An actor of an operator names it, and one of a session names that."""
    kind, *rest = line["actor"].split("@")
    is_session = kind != "session" or line.get("session") == line["actor"]
    return is_session and (not rest or line.get("operator_id") == rest[0])
