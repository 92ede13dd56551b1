"""JetStream for gevent: publishes that are confirmed, and a stream read in order without losing an event."""

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from secrets import token_hex
from time import monotonic
from typing import Any

import gevent
from gevent.event import AsyncResult, Event

from loadtest.locusts import wire
from loadtest.locusts.connection import Connection, NatsError
from messages.ack_subject import stream_sequence

CONFIRM_S = 5.0
MAX_UNCONFIRMED = 50_000
REQUEST_S = 5.0
BATCH = 1000
EXPIRES_S = 5.0  # of a request for more events
PATIENCE_S = EXPIRES_S + 5.0
KEPT_FOR_S = 60  # how long the server keeps our place in the stream when we are silent
RETRY_S = 0.5
NO_MESSAGES, EXPIRED = 404, 408  # the ordinary ends of a request
NS = 1_000_000_000

log = logging.getLogger(__name__)


def new_inbox() -> bytes:
    """Below what the user `load` of docs/rights/nats.yaml may subscribe to."""
    return f"_INBOX_smpp-load.{token_hex(8)}.".encode()


class Publisher:
    """Publishes under numbers of the caller's; each is answered once: by `on_stored`, or by `on_refused` and why."""

    def __init__(
        self, connection: Connection, on_stored: Callable[[int], None], on_refused: Callable[[int, str], None]
    ) -> None:
        self._connection = connection
        self._on_stored = on_stored
        self._on_refused = on_refused
        self._deadlines: dict[int, float] = {}  # in their order
        self._inbox = new_inbox()
        connection.subscribe(self._inbox + b"*", self._answered)
        self._watching = gevent.spawn(self._watch)

    def publish(self, number: int, subject: bytes, payload: bytes) -> None:
        """Returns at once. What cannot be written now is refused."""
        if len(self._deadlines) >= MAX_UNCONFIRMED:
            self._on_refused(number, f"{MAX_UNCONFIRMED} publishes are not confirmed yet")
            return
        try:
            self._connection.write(wire.publish(subject, b"%b%d" % (self._inbox, number), payload))
        except NatsError as error:
            self._on_refused(number, str(error))
            return
        self._deadlines[number] = monotonic() + CONFIRM_S

    def close(self) -> None:
        """Nothing is answered any more."""
        self._watching.kill()

    def _answered(self, answer: wire.Delivery) -> None:
        number = int(answer.subject[len(self._inbox) :])
        if self._deadlines.pop(number, None) is None:
            return
        if answer.status:
            self._on_refused(number, f"status {answer.status}: no stream takes it")
        elif b'"error"' in answer.payload:
            self._on_refused(number, _error_of(json.loads(answer.payload)))
        else:
            self._on_stored(number)

    def _watch(self) -> None:
        while True:
            gevent.sleep(1.0)
            now = monotonic()
            for number, deadline in list(self._deadlines.items()):
                if deadline > now:
                    break
                del self._deadlines[number]
                self._on_refused(number, f"not confirmed within {CONFIRM_S:g} s")


class EventFeed:
    """Events of one subject from the moment of `start`, in their order; none twice, none left out.

    The consumer acknowledges nothing and is made anew, from the event after the last one, when anything is amiss.
    """

    def __init__(self, connection: Connection, stream: str, subject: str, on_event: Callable[[bytes], None]) -> None:
        self._connection = connection
        self._stream = stream
        self._subject = subject
        self._on_event = on_event
        self._inbox = new_inbox()
        self._answers: dict[bytes, AsyncResult] = {}
        self._consumer = ""
        self._last_reply = b""
        self._left = 0
        self._made_on = 0
        self._batch_ended = Event()
        connection.subscribe(self._inbox + b"events.*", self._received)
        connection.subscribe(self._inbox + b"api.*", self._api_answered)
        self._reading: gevent.Greenlet | None = None

    def start(self) -> None:
        """From now on; NatsError when the stream cannot be read."""
        self._make_consumer()
        self._reading = gevent.spawn(self._read)

    def close(self) -> None:
        """No more events."""
        if self._reading is not None:
            self._reading.kill()

    def _read(self) -> None:
        while True:
            try:
                if not self._consumer or self._made_on != self._connection.connections:
                    self._make_consumer()
                self._ask()
            except NatsError as error:
                log.warning("events cannot be read: %s", error)
                gevent.sleep(RETRY_S)
                continue
            if not self._batch_ended.wait(PATIENCE_S):
                self._consumer = ""

    def _ask(self) -> None:
        self._batch_ended.clear()
        self._left = BATCH
        request = json.dumps({"batch": BATCH, "expires": int(EXPIRES_S * NS)}).encode()
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}".encode()
        self._connection.write(wire.publish(subject, self._events_inbox(), request))

    def _received(self, event: wire.Delivery) -> None:
        if event.subject == self._events_inbox():  # an answer of the server in place of an event
            if event.status not in (NO_MESSAGES, EXPIRED):
                self._consumer = ""
            self._batch_ended.set()
            return
        if not self._consumer or self._consumer.encode() not in event.reply:
            return  # of the one before, whose request has outlived its connection; we read it again
        self._last_reply = event.reply
        self._on_event(event.payload)
        self._left -= 1
        if not self._left:
            self._batch_ended.set()

    def _events_inbox(self) -> bytes:
        return b"%bevents.%b" % (self._inbox, self._consumer.encode())

    def _make_consumer(self) -> None:
        name = f"load-{token_hex(8)}"
        config: dict[str, Any] = {
            "name": name,
            "filter_subject": self._subject,
            "ack_policy": "none",
            "replay_policy": "instant",
            "mem_storage": True,
            "num_replicas": 1,
            "inactive_threshold": KEPT_FOR_S * NS,
            **self._beginning(),
        }
        subject = f"$JS.API.CONSUMER.CREATE.{self._stream}.{name}.{self._subject}"
        self._made_on = self._connection.connections
        answer = self._request(subject, {"stream_name": self._stream, "config": config})
        if "error" in answer:
            raise NatsError(f"no consumer of {self._stream}: {_error_of(answer)}")
        self._consumer = name

    def _beginning(self) -> dict[str, Any]:
        if not self._last_reply:
            return {"deliver_policy": "new"}
        return {"deliver_policy": "by_start_sequence", "opt_start_seq": stream_sequence(self._last_reply.decode()) + 1}

    def _request(self, subject: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        reply = b"%bapi.%b" % (self._inbox, token_hex(8).encode())
        result = self._answers[reply] = AsyncResult()
        try:
            self._connection.write(wire.publish(subject.encode(), reply, json.dumps(body).encode()))
            answer: Mapping[str, Any] = result.get(timeout=REQUEST_S)
        except gevent.Timeout:
            raise NatsError(f"no answer to {subject}") from None
        finally:
            del self._answers[reply]
        return answer

    def _api_answered(self, answer: wire.Delivery) -> None:
        with suppress(KeyError):
            nobody = {"error": {"description": f"status {answer.status}"}}
            self._answers[answer.subject].set(nobody if answer.status else json.loads(answer.payload))


def _error_of(answer: Mapping[str, Any]) -> str:
    return str(answer["error"].get("description", answer["error"]))
