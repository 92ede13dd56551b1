"""HealthPublisher: operator.health events, in order, through NATS outages."""

import asyncio
from collections import deque

from actors.clients.event_publisher import EventPublisher
from actors.runtime.base import BaseActor
from actors.runtime.body import Body, Figures, Shell
from actors.runtime.lanes import Delivery, LaneConnection
from messages.control import Start
from messages.events import OperatorHealthEvent
from messages.lanes import HealthTransition


class HealthPublisherBody(Body):
    """Publishes one transition after the other; an OperatorActor keeps each until it is confirmed."""

    def __init__(self, start: Start, shell: Shell) -> None:
        super().__init__(start, shell)
        self._waiting: deque[tuple[LaneConnection, int, OperatorHealthEvent]] = deque()
        self._arrived = asyncio.Event()
        self._published = 0

    async def run(self) -> None:
        self.spawn(self._publish())

    def deliver(self, deliveries: list[Delivery]) -> None:
        for connection, number, message in deliveries:
            if isinstance(message, HealthTransition):
                self._waiting.append((connection, number, message.event))
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
