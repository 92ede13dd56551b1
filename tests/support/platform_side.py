"""The messaging platform's side of NATS: dispatches go out, events come back from the stream."""

import asyncio
import json
import ssl
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from itertools import count
from types import TracebackType
from typing import Any, Protocol, Self

import nats
from background_loop import BackgroundLoop
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError
from waiting import wait_until

DLR, MO, DEAD, HEALTH = "sms.dlr.inbound", "sms.mo.inbound", "sms.dead.dispatch", "operator.health"
CONFIG_CHANGED = "operator.config.changed"
USUAL_NUMBER = "+491512345678"
USUAL_TEXT = "Hello there"
LOAD_TEXT = "under load"
STREAMS_S = 20.0
EVENT_S = 20.0

Event = dict[str, Any]

_numbers = count(1)


class Servers(Protocol):
    """What leads to NATS; a Stack is one."""

    environment: Mapping[str, str]


class Platform:
    """Publishes dispatches and reads all events that the stream keeps; use it with `with`, after a service started."""

    def __init__(self, loop: BackgroundLoop, stack: Servers) -> None:
        self._loop = loop
        self._stack = stack
        self._events: defaultdict[str, list[Event]] = defaultdict(list)
        self._headers: dict[str, dict[str, str]] = {}

    def __enter__(self) -> Self:
        self._loop.run(self._connect())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self._client.close())

    def publish(self, operator_id: str, payload: bytes, headers: dict[str, str] | None = None) -> None:
        """Returns when JetStream has it."""
        self._loop.run(self._jetstream.publish(f"sms.dispatch.{operator_id}", payload, headers=headers))

    def dispatch(self, operator_id: str, headers: dict[str, str] | None = None, **fields: Any) -> str:
        """Publish a message with `fields` in place of the usual ones; returns its message_id."""
        message = a_message(operator_id, **fields)
        self.publish(operator_id, json.dumps(message).encode(), headers)
        return str(message["message_id"])

    def dispatch_load(self, operator_id: str, message_ids: Iterable[str], tps: float) -> Future[None]:
        """Publishes a message of each id at an even rate, in the background; texts begin with #0, #1 and so on."""
        return self.dispatch_evenly(
            (
                a_message(operator_id, message_id=message_id, text=f"#{index} {LOAD_TEXT}")
                for index, message_id in enumerate(message_ids)
            ),
            tps,
        )

    def dispatch_evenly(self, messages: Iterable[Event], tps: float) -> Future[None]:
        """Publishes these dispatches at an even rate, in the background."""
        return self._loop.start(self._dispatch_evenly(messages, tps))

    def tell_of_changes(self) -> None:
        """That operators or credentials are others than before."""
        self._loop.run(self._client.publish(CONFIG_CHANGED, b""))

    # Events.

    def events(self, subject: str, operator_id: str) -> list[Event]:
        return [event for event in list(self._events[subject]) if event["operator_id"] == operator_id]

    def events_of(self, message_id: str) -> list[Event]:
        """Its sms.dlr.inbound events, in their order in the stream."""
        return [event for event in list(self._events[DLR]) if event["message_id"] == message_id]

    def traceparent_of(self, event: Event) -> str:
        """As in its headers; empty where it has none."""
        return self._headers[event["event_id"]].get("traceparent", "")

    def final_event(self, message_id: str, within_s: float = EVENT_S) -> Event:
        """Its one final event; waits for it."""

        def finals() -> list[Event]:
            return [event for event in self.events_of(message_id) if event["final"]]

        (event,) = wait_until(finals, within_s, f"a final event of {message_id}")
        return event

    def wait_for(self, subject: str, operator_id: str, number: int = 1, within_s: float = EVENT_S) -> list[Event]:
        """The operator's events of this subject, once there are so many."""
        wait_until(
            lambda: len(self.events(subject, operator_id)) >= number, within_s, f"{number} {subject} of {operator_id}"
        )
        return self.events(subject, operator_id)

    def transitions(self, operator_id: str) -> list[tuple[str, str]]:
        """The operator's health events so far, in their order in the stream: the state, and at which endpoint."""
        return [(event["state"], event["endpoint"]) for event in self.events(HEALTH, operator_id)]

    def wait_for_transitions(self, operator_id: str, *expected: tuple[str, str], within_s: float = EVENT_S) -> None:
        """Until there are so many, which must be these."""
        self.wait_for(HEALTH, operator_id, len(expected), within_s)
        assert self.transitions(operator_id) == list(expected)

    def final_counts(self, operator_id: str) -> Counter[str]:
        """How many final events each message of the operator has."""
        return Counter(event["message_id"] for event in self.events(DLR, operator_id) if event["final"])

    def unsettled(self, operator_id: str) -> int:
        """Dispatches of the operator that are still in the stream."""
        info = self._loop.run(self._jetstream.consumer_info("SMS_DISPATCH", f"smpp-{operator_id}"))
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    # In the loop.

    async def _connect(self) -> None:
        environment = self._stack.environment
        ca_file = environment.get("NATS_CA_FILE")
        self._client = await nats.connect(
            environment["NATS_URL"],
            nkeys_seed=environment["NATS_NKEY_SEED_FILE"],
            tls=ssl.create_default_context(cafile=ca_file) if ca_file else None,
        )
        self._jetstream = self._client.jetstream()
        for subject in (DLR, MO, DEAD, HEALTH):
            await self._follow(subject)

    async def _follow(self, subject: str) -> None:
        deadline = time.monotonic() + STREAMS_S
        while True:
            try:
                await self._jetstream.subscribe(subject, ordered_consumer=True, cb=self._received)
            except NotFoundError:
                assert time.monotonic() < deadline, "the service made no streams"
                await asyncio.sleep(0.05)
            else:
                return

    async def _received(self, message: Msg) -> None:
        event = json.loads(message.data)
        self._headers[event["event_id"]] = message.headers or {}
        self._events[message.subject].append(event)

    async def _dispatch_evenly(self, messages: Iterable[Event], tps: float) -> None:
        started_at = time.monotonic()
        for index, message in enumerate(messages):
            await asyncio.sleep(started_at + index / tps - time.monotonic())
            await self._jetstream.publish(f"sms.dispatch.{message['operator_id']}", json.dumps(message).encode())


def a_message(operator_id: str, **fields: Any) -> dict[str, Any]:
    """A dispatch; None takes a field out."""
    message = {
        "message_id": f"{operator_id}-{next(_numbers)}",
        "operator_id": operator_id,
        "to": USUAL_NUMBER,
        "from": "Bank",
        "text": USUAL_TEXT,
        **fields,
    }
    return {name: value for name, value in message.items() if value is not None}
