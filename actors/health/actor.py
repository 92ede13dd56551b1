"""HealthPublisher: operator.health events, in order, through NATS outages and the death of OperatorActors."""

import asyncio
import time
from collections import deque

import msgspec

from actors.clients.event_publisher import EventPublisher
from actors.runtime.base import BaseActor
from actors.runtime.body import Body, Figures, Shell
from actors.runtime.lanes import Delivery, LaneConnection
from core.wall_clock import rfc3339
from messages.control import Start
from messages.events import HealthState, OperatorHealthEvent
from messages.lanes import HealthTransition

ACTOR_ENDED = "OperatorActor ended"

Waiting = tuple[LaneConnection, int, OperatorHealthEvent]


class HealthPublisherBody(Body):
    """Publishes one transition after the other; an OperatorActor keeps each until it is confirmed."""

    def __init__(self, start: Start, shell: Shell) -> None:
        super().__init__(start, shell)
        self._waiting: deque[Waiting] = deque()
        self._last: dict[LaneConnection, OperatorHealthEvent] = {}
        self._arrived = asyncio.Event()
        self._published = 0

    async def run(self) -> None:
        self.spawn(self._publish())

    def deliver(self, deliveries: list[Delivery]) -> None:
        for connection, number, message in deliveries:
            if isinstance(message, HealthTransition):
                self._last[connection] = message.event
                if message.is_new:
                    self._waiting.append((connection, number, message.event))
                else:
                    connection.confirm([number])
        self._arrived.set()

    def producer_gone(self, connection: LaneConnection) -> None:
        """The actor can't tell any more that its sessions have ended with it."""
        last = self._last.pop(connection, None)
        if last is not None and last.state is not HealthState.UNBOUND:
            self._waiting.append((connection, 0, _ended(last)))
            self._arrived.set()

    async def _publish(self) -> None:
        publisher = await EventPublisher.connect(self.name)
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                connection, number, event = self._waiting[0]
                await publisher.publish_health(event)
                self._waiting.popleft()
                self._published += 1
                connection.confirm([number])

    async def drain(self, deadline: float) -> None:
        await self.reach(lambda: not self._waiting, deadline)

    def figures(self) -> Figures:
        return {"published": self._published, "waiting": len(self._waiting)}


class HealthPublisher(BaseActor):
    body_class = HealthPublisherBody


def _ended(last: OperatorHealthEvent) -> OperatorHealthEvent:
    at = rfc3339(time.time())
    return msgspec.structs.replace(
        last,
        event_id=f"{last.operator_id}.{last.connector_id}.{HealthState.UNBOUND.value}.{at}",
        state=HealthState.UNBOUND,
        previous_state=last.state,
        reason=ACTOR_ENDED,
        sessions_bound=0,
        at=at,
    )
