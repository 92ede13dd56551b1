"""One log record as one line: JSON for machines, a console form for people."""

import json
import logging
import select
from datetime import UTC, datetime
from typing import Any

from adapters.telemetry.redaction import redact, redact_field

MAX_LINE_BYTES = select.PIPE_BUF  # 4096: many processes share the pipe, and only up to here a write is not torn apart
LEADING_FIELDS = ("actor", "operator_id", "session", "message_id", "trace_id")
ACTOR_WIDTH = 20  # of the console form; longer names push the rest to the right
CUT = " [...] "

_STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "event", "fields"}


class JsonLines(logging.Formatter):
    """Fields: time, level, actor, operator_id, session, message_id, trace_id, event, message, extras, exception.

    Empty ones are left out. context: what every line of this process says.
    """

    def __init__(self, context: dict[str, str]) -> None:
        super().__init__()
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        return fit(line_fields(record, self._context), MAX_LINE_BYTES - len(b"\n"))


class ConsoleLines(logging.Formatter):
    """`12:00:00.000 INFO    session@alpha@0.0    session_bound: message  field=value`, then the exception's lines.

    What an actor's name tells is not repeated.
    """

    def __init__(self, context: dict[str, str]) -> None:
        super().__init__()
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        fields = line_fields(record, self._context)
        exception = fields.pop("exception", "")
        clock, level = fields.pop("time")[11:23], fields.pop("level")
        actor, event, message = fields.pop("actor", ""), fields.pop("event"), fields.pop("message", "")
        told = {"operator_id": actor.split("@")[1:2], "session": [actor]}
        rest = " ".join(f"{name}={value}" for name, value in fields.items() if value not in told.get(name, ()))
        what = f"{event}: {message}" if message else event
        line = f"{clock} {level:<7} {actor:<{ACTOR_WIDTH}} {what}  {rest}".rstrip()
        return f"{line}\n{exception}" if exception else line


def line_fields(record: logging.LogRecord, context: dict[str, str]) -> dict[str, Any]:
    """The record's fields in the order of the line, redacted."""
    extras = {**context, **_extras(record)}
    fields: dict[str, Any] = {"time": _rfc3339(record.created), "level": record.levelname}
    fields |= {name: redact_field(name, extras.pop(name)) for name in LEADING_FIELDS if extras.get(name)}
    fields["event"] = getattr(record, "event", record.name)
    fields["message"] = redact(record.getMessage())
    fields |= {name: redact_field(name, value) for name, value in extras.items() if name not in fields}
    fields["exception"] = redact(_exception(record))
    return {name: value for name, value in fields.items() if value not in ("", None)}


def fit(fields: dict[str, Any], max_bytes: int) -> str:
    """The fields as JSON of at most so many bytes; what is too long loses its middle, the longest text first."""
    line = _to_json(fields)
    while len(line) > max_bytes:
        longest = max(fields, key=lambda name: len(str(fields[name])))
        if not str(fields[longest]):
            break
        fields = fields | {longest: _shortened(str(fields[longest]), len(line) - max_bytes)}
        line = _to_json(fields)
    return line


def _shortened(text: str, by_bytes: int) -> str:
    """The text without its middle; always shorter than it was, though not by the exact number of bytes."""
    share = 1 - by_bytes / len(json.dumps(text))
    keep = (int(len(text) * share) - len(CUT)) // 2
    return text[:keep] + CUT + text[-keep:] if keep > 0 else ""


def _to_json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":"))  # ASCII: a character is a byte, and a lone surrogate cannot fail


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    from_extra = {name: value for name, value in vars(record).items() if name not in _STANDARD_ATTRIBUTES}
    return from_extra | getattr(record, "fields", {})


def _rfc3339(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _exception(record: logging.LogRecord) -> str:
    parts = [logging.Formatter().formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
    return "\n".join(parts + ([record.stack_info] if record.stack_info else []))
