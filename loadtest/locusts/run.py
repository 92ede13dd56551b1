"""The load of one process: what its users publish, what comes back, and the statistics of both in Locust."""

import argparse
import time
from datetime import datetime
from itertools import cycle
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec
from locust.env import Environment

from loadtest.locusts.connection import Connection, Login, servers_of
from loadtest.locusts.jetstream import EventFeed, Publisher
from loadtest.locusts.journeys import Arrived, Journeys
from loadtest.locusts.options import operators_of
from loadtest.locusts.verdict import PUBLISH, RECEIPT, SUBMIT
from messages.events import DLR_INBOUND, DeliveryStatus

DISPATCH, EVENTS_STREAM = "sms.dispatch", "SMS_EVENTS"
FIRST_NUMBER = 491700000000


class _Event(msgspec.Struct):
    """What the load looks at of a DlrInboundEvent."""

    message_id: str
    operator_id: str
    final: bool
    status: DeliveryStatus = msgspec.field(name="message_status")
    submitted_at: datetime | None = None
    possibly_repeated: bool = False


_decoder = msgspec.json.Decoder(_Event)


class Run:
    """From `start` to `close`. Its messages have ids that no other run has."""

    def __init__(self, environment: Environment, options: argparse.Namespace) -> None:
        """options: see options.py. Raises NatsError for a host that is no URL."""
        self.journeys = Journeys()
        self._fire = environment.events.request.fire
        self._prefix = f"load-{token_hex(6)}-"
        self._mark = self._prefix.encode()
        self._operators = operators_of(options)
        self._turns = cycle(self._operators)
        self._connection = Connection(_login(environment.host or "", options), "smpp-load")
        self._publisher: Publisher | None = None
        self._feed = EventFeed(self._connection, EVENTS_STREAM, DLR_INBOUND, self._event)

    def start(self) -> None:
        """NatsError where it cannot publish or cannot read the events."""
        self._connection.open()
        self._publisher = Publisher(self._connection, self._stored, self._refused)
        self._feed.start()

    def close(self) -> None:
        """Nothing more is counted."""
        self._feed.close()
        if self._publisher is not None:
            self._publisher.close()
        self._connection.close()

    def publish(self) -> None:
        """One message, to the operator whose turn it is; nothing where `start` has failed."""
        if self._publisher is None:
            return
        operator_id = next(self._turns)
        number = self.journeys.published(time.time())
        self._publisher.publish(number, f"{DISPATCH}.{operator_id}".encode(), self._dispatch(operator_id, number))

    def _dispatch(self, operator_id: str, number: int) -> bytes:
        return msgspec.json.encode(
            {
                "message_id": f"{self._prefix}{number}",
                "operator_id": operator_id,
                "to": f"+{FIRST_NUMBER + number}",
                "from": "Load",
                "text": f"#{number} is your code, of {self._prefix}",
            }
        )

    def _stored(self, number: int) -> None:
        took_ms = self.journeys.stored(number, time.time())
        self._note(PUBLISH, self._operator_of(number), took_ms)

    def _refused(self, number: int, reason: str) -> None:
        self.journeys.refused(number)
        self._note(PUBLISH, self._operator_of(number), 0.0, reason)

    def _event(self, payload: bytes) -> None:
        if self._mark not in payload:  # of others; decoding is what costs
            return
        event = _decoder.decode(payload)
        if event.final:
            self._ended(event)

    def _ended(self, event: _Event) -> None:
        steps = self.journeys.arrived(
            Arrived(
                number=int(event.message_id[len(self._prefix) :]),
                delivered=event.status is DeliveryStatus.DELIVERED,
                repeated=event.possibly_repeated,
                submitted_at=event.submitted_at.timestamp() if event.submitted_at else None,
                arrived_at=time.time(),
            )
        )
        if steps is None:
            return
        if steps.submit_ms is not None:
            self._note(SUBMIT, event.operator_id, steps.submit_ms)
        failure = None if event.status is DeliveryStatus.DELIVERED else event.status.value
        self._note(RECEIPT, event.operator_id, steps.receipt_ms, failure)

    def _operator_of(self, number: int) -> str:
        return self._operators[number % len(self._operators)]

    def _note(self, step: str, operator_id: str, took_ms: float | None, failure: str | None = None) -> None:
        """One entry of Locust's statistics."""
        details: dict[str, Any] = {"exception": failure, "context": {}, "response_length": 0}
        self._fire(request_type=step, name=operator_id, response_time=took_ms, **details)


def _login(urls: str, options: argparse.Namespace) -> Login:
    seed_file, ca_file = (Path(name) if name else None for name in (options.nkey_seed_file, options.nats_ca_file))
    return Login(servers_of(urls), seed_file, ca_file)
