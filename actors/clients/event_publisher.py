"""Events as JSON to JetStream, each until it is confirmed."""

from collections.abc import Sequence
from typing import Any

import msgspec
from nats.aio.client import Client

from actors.clients.nats_client import connected_client
from adapters.nats.parts import outgoing_part
from adapters.nats.publisher import ConfirmedPublisher, OutgoingEvent, publish_all
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

_encode = msgspec.json.Encoder().encode


class EventPublisher:
    """An actor's own connection to NATS for what it publishes. Every call returns when all of it is confirmed."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._publisher = ConfirmedPublisher(client)

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

    async def publish_dlr(self, events: Sequence[DlrInboundEvent]) -> None:
        await self._publish(DLR_INBOUND, events)

    async def publish_mo(self, events: Sequence[MoInboundEvent]) -> None:
        await self._publish(MO_INBOUND, events)

    async def store_parts(self, parts: Sequence[InboundPart]) -> None:
        await publish_all(self._publisher, [outgoing_part(part) for part in parts])

    async def publish_dead(self, events: Sequence[DeadDispatchEvent]) -> None:
        await self._publish(DEAD_DISPATCH, events)

    async def publish_health(self, event: OperatorHealthEvent) -> None:
        await self._publish(OPERATOR_HEALTH, [event])

    async def _publish(
        self,
        subject: str,
        events: Sequence[DlrInboundEvent]
        | Sequence[MoInboundEvent]
        | Sequence[DeadDispatchEvent]
        | Sequence[OperatorHealthEvent],
    ) -> None:
        await publish_all(self._publisher, [OutgoingEvent(subject, event.event_id, _encode(event)) for event in events])
