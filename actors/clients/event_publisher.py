"""Events as JSON to JetStream, each until it is confirmed."""

import time
from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace
from nats.aio.client import Client

from actors.clients.nats_client import connected_client
from actors.clients.spans import PublishSpans
from adapters.nats.parts import outgoing_part
from adapters.nats.publisher import ConfirmedPublisher, OutgoingEvent, publish_all
from adapters.telemetry import tracing
from messages.events import (
    DEAD_DISPATCH,
    DLR_INBOUND,
    MO_INBOUND,
    OPERATOR_HEALTH,
    DeadDispatchEvent,
    DlrInboundEvent,
    MoInboundEvent,
    OperatorHealthEvent,
)
from messages.lanes import InboundPart

Event = TypeVar("Event", DlrInboundEvent, MoInboundEvent, DeadDispatchEvent, OperatorHealthEvent)

_encode = msgspec.json.Encoder().encode


class Caused(NamedTuple, Generic[Event]):
    """An event, and the traceparent of what led to it; empty: of nothing that has one."""

    event: Event
    traceparent: str = ""


class EventPublisher:
    """An actor's own connection to NATS for what it publishes. Every call returns when all of it is confirmed."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._publisher = ConfirmedPublisher(client)
        tracer = tracing.tracer()
        self._spans = PublishSpans(tracer) if tracer is not None else None

    @classmethod
    async def connect(cls, name: str, **callbacks: Any) -> "EventPublisher":
        """Waits for NATS with backoff. callbacks: of the client, such as reconnected_cb."""
        return await cls.over(await connected_client(name, **callbacks))

    @classmethod
    async def over(cls, client: Client) -> "EventPublisher":
        """Over a connection that is there."""
        self = cls(client)
        await self._publisher.start()
        return self

    async def publish_dlr(self, events: Sequence[Caused[DlrInboundEvent]]) -> None:
        await self._publish(DLR_INBOUND, events)

    async def publish_mo(self, events: Sequence[MoInboundEvent]) -> None:
        await self._publish(MO_INBOUND, [Caused(event) for event in events])

    async def store_parts(self, parts: Sequence[InboundPart]) -> None:
        await publish_all(self._publisher, [outgoing_part(part) for part in parts])

    async def publish_dead(self, events: Sequence[Caused[DeadDispatchEvent]]) -> None:
        await self._publish(DEAD_DISPATCH, events)

    async def publish_health(self, event: OperatorHealthEvent) -> None:
        await self._publish(OPERATOR_HEALTH, [Caused(event)])

    async def _publish(self, subject: str, events: Sequence[Caused[Event]]) -> None:
        outgoing = [OutgoingEvent(subject, one.event.event_id, _encode(one.event), one.traceparent) for one in events]
        if self._spans is None:
            await publish_all(self._publisher, outgoing)
            return
        began_at = time.time()
        spans = [self._spans.begin(subject, one.event, one.traceparent, began_at) for one in events]
        traced = zip(outgoing, spans, strict=True)
        await publish_all(
            self._publisher, [replace(one, traceparent=span.traceparent) if span else one for one, span in traced]
        )
        confirmed_at = time.time()
        for span in filter(None, spans):
            span.end(confirmed_at)
