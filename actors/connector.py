"""Connector: the root supervisor. It creates the four actors of the service and stops them in order."""

import asyncio
import time
from typing import Any

from actors.names import CORRELATION_WRITER, DISPATCH_ROUTER, HEALTH_PUBLISHER, RECEIPT_PUBLISHER
from actors.runtime.base import BaseActor
from actors.runtime.body import Body, Figures, Shell
from messages.control import Drain, Drained, Start

DRAIN_LOOK_S = 0.02
WRITERS_SHARE_S = 3.0  # of the time for a stop, kept for those behind the router

_WRITERS = {
    CORRELATION_WRITER: "actors.correlation_writer.CorrelationWriter",
    RECEIPT_PUBLISHER: "actors.receipt_publisher.ReceiptPublisher",
    HEALTH_PUBLISHER: "actors.health_publisher.HealthPublisher",
}


class ConnectorBody(Body):
    """Consumers first, the router last; the other way round at the end."""

    def __init__(self, start: Start, shell: Shell) -> None:
        super().__init__(start, shell)
        self._drained: set[str] = set()

    async def run(self) -> None:
        for name, actor in _WRITERS.items():
            self.start_child(actor, name)
        self.start_child("actors.dispatch_router.DispatchRouter", DISPATCH_ROUTER)

    def receive_fact(self, message: Any, child: str | None) -> None:
        if isinstance(message, Drained):
            self._drained.add(message.name)

    async def drain(self, deadline: float) -> None:
        await self._drain_children({DISPATCH_ROUTER}, deadline - WRITERS_SHARE_S)
        await self._drain_children(set(_WRITERS), deadline)

    async def _drain_children(self, names: set[str], deadline: float) -> None:
        for name in names:
            self.tell_child(name, Drain(deadline))
        while not names <= self._drained and time.monotonic() < deadline:
            await asyncio.sleep(DRAIN_LOOK_S)

    def figures(self) -> Figures:
        return {}


class Connector(BaseActor):
    body_class = ConnectorBody
