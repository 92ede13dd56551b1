"""Logging of one process: one line per record on standard output, JSON or a form for people.

`configure` is called at the start of every process, so in each actor again after the fork.
"""

import logging
import os
import select
import sys
import threading
from types import TracebackType
from typing import Any

from adapters.telemetry.log_lines import ConsoleLines, JsonLines
from config.settings import LogFormat, LogLevel

STDOUT = 1
WRITE_DEADLINE_MS = 1000  # for a reader of our output that has stopped reading; then lines are dropped and counted
OUR_PACKAGES = frozenset({"actors", "adapters", "cli", "config", "core", "messages", "sandbox", "smpp", "__main__"})
LONGEST_FOREIGN_MESSAGE = 500  # characters

_import_time_manager = logging.Logger.manager  # holds every logger that a module made before Thespian swapped managers


def configure(
    level: LogLevel,
    log_format: LogFormat,
    *,
    actor: str = "",
    operator_id: str = "",
    session: str = "",
    descriptor: int = STDOUT,
) -> None:
    """Replace all logging of this process; the names become fields of each of its lines."""
    context = {"actor": actor, "operator_id": operator_id, "session": session}
    handler = LineWriter(descriptor)
    handler.setFormatter(JsonLines(context) if log_format is LogFormat.JSON else ConsoleLines(context))
    handler.addFilter(ForeignRecords(logging.DEBUG if level is LogLevel.DEBUG else logging.WARNING))
    root = _install()
    root.handlers[:] = [handler]
    wanted = logging.getLevelNamesMapping()[level.value]
    if root.level != wanted:
        root.setLevel(wanted)  # makes every logger forget the level it had in mind
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def log_event(
    logger: logging.Logger, level: int, event: str, message: str = "", /, *, exc_info: Any = None, **fields: Any
) -> None:
    """One record with a name to search for and fields of its own; ids belong into fields, never into the message."""
    logger.log(level, message, exc_info=exc_info, extra={"event": event, "fields": fields}, stacklevel=2)


class LineWriter(logging.Handler):
    """Writes a record with one os.write, so that the lines of many processes do not mix.

    It never blocks for longer than WRITE_DEADLINE_MS, and never prints a record's arguments when formatting fails.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._writable = select.poll()
        self._writable.register(descriptor, select.POLLOUT)
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception as error:
            line = self.format(
                _note(logging.ERROR, "log_record_broken", logger=record.name, cause=type(error).__name__)
            )
        if self._dropped and self._write(self.format(_note(logging.WARNING, "log_lines_dropped", count=self._dropped))):
            self._dropped = 0
        self._dropped += not self._write(line)

    def _write(self, line: str) -> bool:
        data = (line + "\n").encode(errors="backslashreplace")
        deadline_ms = 0 if self._dropped else WRITE_DEADLINE_MS
        try:
            while data and self._writable.poll(deadline_ms):
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            return False
        return not data


class ForeignRecords(logging.Filter):
    """Keeps other libraries' records to `level` and above, short, and without the objects in their arguments.

    Thespian, for one, logs the message whose handler failed.
    """

    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] in OUR_PACKAGES:
            return True
        if record.levelno < self._level:
            return False
        record.msg, record.args = _harmless_message(record)[:LONGEST_FOREIGN_MESSAGE], ()
        return True


def _harmless_message(record: logging.LogRecord) -> str:
    if isinstance(record.args, tuple):
        record.args = tuple(_harmless(argument) for argument in record.args)
    elif record.args:
        record.args = {name: _harmless(argument) for name, argument in record.args.items()}
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # a format like %d, and our word for the object in its place
        return str(record.msg)


def _harmless(argument: object) -> object:
    return argument if isinstance(argument, str | int | float) else f"<{type(argument).__name__}>"


class _Root(logging.RootLogger):
    """Over every logger there is, in this process and in those forked from it.

    One for all of them: another in each actor would be written into every logger, which cost 1.3 MiB of memory that
    the actors share otherwise.
    """


def _install() -> _Root:
    """The root, over every logger there is.

    Thespian gives each actor a root of its own (thespian/system/multiprocCommon.py, startChild) and a new manager;
    loggers made before that still hang under the old ones.
    """
    thespians = logging.Logger.manager
    root = _import_time_manager.root
    if not isinstance(root, _Root):
        root = _Root(logging.WARNING)
        _adopt_all(_import_time_manager, root)
    if thespians is not _import_time_manager:
        _adopt_all(thespians, root)
    logging.root = logging.Logger.root = root
    logging.Logger.manager = _import_time_manager
    return root


def _adopt_all(manager: logging.Manager, root: _Root) -> None:
    manager.root = root
    for name, logger in manager.loggerDict.items():
        _import_time_manager.loggerDict.setdefault(name, logger)
        if isinstance(logger, logging.Logger):
            _adopt(logger, root)


def _adopt(logger: logging.Logger, root: _Root) -> None:
    logger._cache.clear()  # type: ignore[attr-defined]  # the level it had in mind; setLevel would clear all loggers'
    logger.handlers.clear()
    logger.propagate = True
    if logger.parent is not None and logger.parent.parent is None:
        logger.parent = root


def _note(level: int, event: str, **fields: Any) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"name": __name__, "levelno": level, "levelname": logging.getLevelName(level), "event": event, "fields": fields}
    )


def _log_uncaught(kind: type[BaseException], error: BaseException | None, _: TracebackType | None) -> None:
    logger = logging.getLogger(__name__)
    log_event(logger, logging.CRITICAL, "uncaught_exception", kind.__name__, exc_info=error)
