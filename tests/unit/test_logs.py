"""Lines of the log: their shape, what they hide, and that nothing stops or tears them."""

import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest

from adapters.telemetry.event_limiter import EventLimiter
from adapters.telemetry.log_lines import MAX_LINE_BYTES
from adapters.telemetry.logs import configure, log_event
from adapters.telemetry.redaction import HIDDEN, redact, redact_field
from config.settings import LogFormat, LogLevel

OURS = "actors.session"


@dataclass
class Output:
    """The reading end of a pipe that the log is written to."""

    reader: int
    writer: int

    def text(self) -> str:
        os.set_blocking(self.reader, False)
        try:
            return os.read(self.reader, 1_000_000).decode()
        except BlockingIOError:
            return ""

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]

    def line(self) -> dict[str, Any]:
        [line] = self.lines()
        return line


def fill(descriptor: int) -> None:
    """Until the pipe takes nothing more."""
    with suppress(BlockingIOError):
        while True:
            os.write(descriptor, b" " * 4096)


@contextmanager
def logging_as_it_was() -> Iterator[None]:
    root, manager, hooks = logging.root, logging.Logger.manager, (sys.excepthook, threading.excepthook)
    loggers = [one for one in manager.loggerDict.values() if isinstance(one, logging.Logger)]
    before = [(one, one.parent, list(one.handlers), one.propagate) for one in loggers]
    try:
        yield
    finally:
        logging.root = logging.Logger.root = root
        logging.Logger.manager = manager
        manager.root = root
        for one, parent, handlers, propagate in before:
            one.parent, one.handlers, one.propagate = parent, handlers, propagate
        root.setLevel(root.level)
        sys.excepthook, threading.excepthook = hooks


@contextmanager
def configured(
    level: LogLevel = LogLevel.INFO, log_format: LogFormat = LogFormat.JSON, **context: str
) -> Iterator[Output]:
    output = Output(*os.pipe())
    with logging_as_it_was():
        configure(level, log_format, descriptor=output.writer, **context)
        try:
            yield output
        finally:
            os.close(output.reader)
            os.close(output.writer)


def without_time(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "time"}


def test_an_event_is_one_json_line_with_its_ids_first():
    with configured(actor="SessionActor", operator_id="alpha", session="0") as output:
        log_event(
            logging.getLogger(OURS),
            logging.INFO,
            "submitted",
            "sent",
            message_id="49151234567",
            segments=2,
            trace_id="a1",
        )
        text = output.text()

    assert re.fullmatch(
        r'\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","level":"INFO","actor":"SessionActor","operator_id":"alpha",'
        r'"session":"0","message_id":"49151234567","trace_id":"a1","event":"submitted","message":"sent","segments":2\}\n',
        text,
    )


def test_a_plain_record_is_known_by_its_logger_and_keeps_its_extras():
    with configured() as output:
        logging.getLogger(OURS).warning("slow: %d ms", 12, extra={"operator_id": "beta", "queue": 3})
        line = output.line()

    assert without_time(line) == {
        "level": "WARNING",
        "operator_id": "beta",
        "event": OURS,
        "message": "slow: 12 ms",
        "queue": 3,
    }


def test_an_exception_is_one_field_and_its_secrets_are_hidden():
    with configured() as output:
        try:
            raise ValueError("refused text='Your code is 1', to=+4915112345678")
        except ValueError:
            logging.getLogger(OURS).exception("failed")
        line = output.line()

    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith(f"ValueError: refused text={HIDDEN}, to={HIDDEN}")


def test_the_console_form_is_for_people():
    where = {"actor": "session@alpha@0.0", "operator_id": "alpha", "session": "session@alpha@0.0"}
    with configured(log_format=LogFormat.CONSOLE, **where) as output:
        log_event(logging.getLogger(OURS), logging.ERROR, "bind_refused", "wrong password", status="ESME_RINVPASWD")
        log_event(logging.getLogger(OURS), logging.INFO, "done", operator_id="beta", session="session@beta@0.0")
        lines = output.text().splitlines()

    assert [line[13:] for line in lines] == [
        "ERROR   session@alpha@0.0    bind_refused: wrong password  status=ESME_RINVPASWD",
        "INFO    session@alpha@0.0    done  operator_id=beta session=session@beta@0.0",
    ]
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} ", lines[0][:13])


def test_the_console_form_shows_an_exception_below_its_line():
    with configured(log_format=LogFormat.CONSOLE) as output:
        log_event(logging.getLogger(OURS), logging.ERROR, "failed", exc_info=KeyError("x"))
        lines = output.text().splitlines()

    assert (lines[0][13:], lines[-1]) == ("ERROR                        failed", "KeyError: 'x'")


def test_records_below_the_level_are_not_written():
    with configured(LogLevel.WARNING) as output:
        logging.getLogger(OURS).info("not this")
        logging.getLogger(OURS).warning("this")
        line = output.line()

    assert line["message"] == "this"


def test_other_libraries_are_heard_from_warning_on():
    with configured(LogLevel.INFO) as output:
        logging.getLogger("nats.aio.client").info("connected")
        logging.getLogger("asyncio").warning("slow callback")
        line = output.line()

    assert (line["event"], line["message"]) == ("asyncio", "slow callback")


def test_other_libraries_are_heard_in_full_at_debug():
    with configured(LogLevel.DEBUG) as output:
        logging.getLogger("nats.aio.client").debug("connected")
        line = output.line()

    assert line["message"] == "connected"


def test_objects_that_other_libraries_log_are_reduced_to_their_type():
    class Payload:
        def __repr__(self) -> str:
            return "the text of a message"

    with configured() as output:
        logger = logging.getLogger("<class 'actors.session.SessionActor'>")  # as Thespian names them
        logger.error("Actor %s retryable exception on message %s", "x", Payload())
        logger.error("%(payload)s", {"payload": b"text"})
        logger.error("%d", Payload())
        messages = [line["message"] for line in output.lines()]

    assert messages == ["Actor x retryable exception on message <Payload>", "<bytes>", "%d"]


def test_a_long_message_of_another_library_is_cut():
    with configured() as output:
        logging.getLogger("redis").error("x" * 501)
        line = output.line()

    assert line["message"] == "x" * 500


def test_thespians_own_root_logger_is_replaced_and_loggers_made_before_and_after_it_are_heard():
    with logging_as_it_was():
        made_before = logging.getLogger("actors.before")
        logging.root = logging.Logger.root = logging.RootLogger(logging.CRITICAL)
        logging.Logger.manager = logging.Manager(logging.Logger.root)
        made_within = logging.getLogger("actors.within")
        made_within.addHandler(logging.StreamHandler())
        made_within.propagate = False
        with configured() as output:
            for logger in (made_before, made_within, logging.getLogger("actors.after"), logging.getLogger()):
                logger.warning("heard")
            events = [line["event"] for line in output.lines()]
            assert made_within.handlers == []

    assert events == ["actors.before", "actors.within", "actors.after", "root"]


def test_configuring_twice_writes_each_line_once_with_the_later_names():
    with configured(actor="Parent") as output:
        configure(LogLevel.INFO, LogFormat.JSON, actor="Child", descriptor=output.writer)
        logging.getLogger(OURS).warning("once")
        line = output.line()

    assert line["actor"] == "Child"


def test_a_process_that_is_forked_keeps_the_root_that_every_logger_knows():
    with configured(actor="Parent") as output:
        root = logging.root
        configure(LogLevel.INFO, LogFormat.JSON, actor="Child", descriptor=output.writer)
        assert logging.root is root


def test_a_level_remembered_from_before_does_not_outlive_configure():
    logger = logging.getLogger("actors.remembering")
    with configured(LogLevel.ERROR) as output:
        logger.info("not yet")
        configure(LogLevel.INFO, LogFormat.JSON, descriptor=output.writer)
        logger.info("now")
        line = output.line()

    assert line["message"] == "now"


def test_a_line_stays_short_enough_to_be_written_at_once():
    with configured() as output:
        log_event(logging.getLogger(OURS), logging.INFO, "long", "begin " + "ü" * 9000 + " end", message_id="m1")
        text = output.text()

    line = json.loads(text)
    assert len(text) <= MAX_LINE_BYTES
    assert (line["message"][:7], line["message"][-5:], line["message_id"]) == ("begin ü", "ü end", "m1")


def test_a_line_of_many_long_fields_stays_short_too():
    with configured() as output:
        log_event(logging.getLogger(OURS), logging.INFO, "wide", **{f"field_{n}": "y" * 500 for n in range(100)})
        text = output.text()

    assert len(text) <= MAX_LINE_BYTES
    assert json.loads(text)["event"] == "wide"


def test_a_record_that_cannot_be_formatted_is_reported_without_its_arguments(capfd: pytest.CaptureFixture[str]):
    with configured() as output:
        logging.getLogger(OURS).warning("%d messages", "secret")
        line = output.line()

    assert without_time(line) == {
        "level": "ERROR",
        "event": "log_record_broken",
        "logger": OURS,
        "cause": "TypeError",
    }
    assert capfd.readouterr().err == ""


def test_a_reader_that_has_stopped_costs_lines_and_is_told_how_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("adapters.telemetry.logs.WRITE_DEADLINE_MS", 1)
    with configured() as output:
        os.set_blocking(output.writer, False)
        fill(output.writer)
        log_event(logging.getLogger(OURS), logging.INFO, "lost")
        log_event(logging.getLogger(OURS), logging.INFO, "lost_too")
        output.text()
        log_event(logging.getLogger(OURS), logging.INFO, "back")
        lines = output.lines()

    assert [(line["event"], line.get("count")) for line in lines] == [("log_lines_dropped", 2), ("back", None)]


def test_a_reader_that_has_gone_does_not_hurt_who_logs():
    output = Output(*os.pipe())
    with logging_as_it_was():
        configure(LogLevel.INFO, LogFormat.JSON, descriptor=output.writer)
        os.close(output.reader)
        logging.getLogger(OURS).warning("nobody reads this")
        os.close(output.writer)


def test_an_uncaught_exception_of_a_thread_is_a_json_line():
    def fail() -> None:
        raise LookupError("nothing there")

    with configured() as output:
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join(5)
        line = output.line()

    assert (line["level"], line["event"], line["message"]) == ("CRITICAL", "uncaught_exception", "LookupError")
    assert line["exception"].endswith("LookupError: nothing there")


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (
            "Dispatch(to='+491511234567', text=\"It's\", priority=1)",
            f"Dispatch(to={HIDDEN}, text={HIDDEN}, priority=1)",
        ),
        ("text=Hello, dear reader priority=1", f"text={HIDDEN} priority=1"),
        ("PASSWORD = s3cr3t", f"PASSWORD={HIDDEN}"),
        ("""{"to": "x", 'text': 'a \\' b', "n": 1}""", f"""{{"to": {HIDDEN}, 'text': {HIDDEN}, "n": 1}}"""),
        ("host=db password=pw dbname=x", f"host=db password={HIDDEN} dbname=x"),
        ("redis://:pw@host:6379/0", f"redis://{HIDDEN}@host:6379/0"),
        ("unexpected b'Hello' and b\"it\"", f"unexpected {HIDDEN} and {HIDDEN}"),
        ("no route to +4915112", f"no route to {HIDDEN}"),
        ("MSISDN 491511234567 is barred", f"MSISDN {HIDDEN} is barred"),
        ("destination 12345678.", f"destination {HIDDEN}."),
    ],
)
def test_free_text_loses_what_may_be_personal_or_secret(text: str, redacted: str):
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "timeout=5 moved to: host, in context=7",
        "port 4222, pid 1234567",
        "took 0.123456789 s",
        "id 123456780123456789012345",
        "event 12345678-1234-4abc-8abc-123456789012",
        "object at 0x7f8a12345678",
        "sha 1234567890abcdef",
        "stub='b' done",
    ],
)
def test_free_text_keeps_what_only_looks_alike(text: str):
    assert redact(text) == text


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("to", 491511234567, HIDDEN),
        ("text", None, HIDDEN),
        ("smsc_message_id", "491511234567", "491511234567"),
        ("reason", "491511234567", HIDDEN),
        ("count", 491511234567, 491511234567),
        ("ratio", float("inf"), "inf"),
        ("colour", Colour.RED, "red"),
        ("figures", {"sent": 1, "to": "x", 2: ("a", b"payload")}, {"sent": 1, "to": HIDDEN, "2": ["a", "<bytes>"]}),
        ("cause", OSError("text=x"), f"OSError: text={HIDDEN}"),
        ("message", object(), "<object>"),
    ],
)
def test_a_field_is_shown_by_its_name_and_kind(name: str, value: object, shown: object):
    assert redact_field(name, value) == shown


def test_more_than_the_limit_of_equal_events_are_counted_and_summed_up():
    now = [0.0]
    with configured() as output:
        limiter = EventLimiter(logging.getLogger(OURS), limit=2, interval_s=10, clock=lambda: now[0])
        for second in (0.0, 1.0, 2.0, 9.9, 10.0):
            now[0] = second
            limiter.log(logging.ERROR, "redis_down", "no answer", cause="refused")
        lines = output.lines()

    down = {"level": "ERROR", "event": "redis_down", "message": "no answer", "cause": "refused"}
    summed_up = {"level": "ERROR", "event": "events_suppressed", "suppressed": 2, "of_event": "redis_down"}
    assert [without_time(line) for line in lines] == [down, down, summed_up | {"interval_s": 10}, down]


def test_events_with_another_key_have_their_own_limit():
    with configured() as output:
        limiter = EventLimiter(logging.getLogger(OURS), limit=1, clock=lambda: 0.0)
        for operator in ("alpha", "alpha", "beta"):
            limiter.log(logging.ERROR, "unreachable", key=operator, operator_id=operator)
        lines = output.lines()

    assert [line["operator_id"] for line in lines] == ["alpha", "beta"]


def test_a_flush_after_the_interval_sums_up_an_event_that_does_not_come_back():
    now = [0.0]
    with configured() as output:
        limiter = EventLimiter(logging.getLogger(OURS), limit=1, interval_s=10, clock=lambda: now[0])
        limiter.log(logging.WARNING, "throttled", key="alpha")
        limiter.log(logging.WARNING, "throttled", key="alpha")
        output.text()
        now[0] = 9.9
        limiter.flush()
        early = output.text()
        now[0] = 10.0
        limiter.flush()
        line = output.line()

    assert (early, line["of_event"], line["key"], line["suppressed"]) == ("", "throttled", "alpha", 1)


def test_the_limiter_forgets_the_oldest_event_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("adapters.telemetry.event_limiter.MAX_EVENTS", 2)
    with configured() as output:
        limiter = EventLimiter(logging.getLogger(OURS), limit=1, clock=lambda: 0.0)
        for event in ("a", "a", "b", "c", "a"):
            limiter.log(logging.INFO, event)
        events = [line["event"] for line in output.lines()]

    assert events == ["a", "b", "events_suppressed", "c", "a"]
