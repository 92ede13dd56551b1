"""Connector: the root supervisor. It creates the four actors of the service and stops them in order."""

from actors.names import CORRELATION_WRITER, DISPATCH_ROUTER, HEALTH_PUBLISHER, RECEIPT_PUBLISHER
from actors.runtime.base import BaseActor
from actors.runtime.body import Body, Figures
from actors.runtime.surroundings import surroundings
from config.version import version

WRITERS_SHARE_S = 3.0  # of the time for a stop, kept for those behind the router

_WRITERS = {
    CORRELATION_WRITER: "actors.correlations.actor.CorrelationWriter",
    RECEIPT_PUBLISHER: "actors.receipts.actor.ReceiptPublisher",
    HEALTH_PUBLISHER: "actors.health.actor.HealthPublisher",
}


class ConnectorBody(Body):
    """Consumers first, the router last; the other way round at the end."""

    async def run(self) -> None:
        for name, actor in _WRITERS.items():
            self.start_child(actor, name)
        self.start_child("actors.router.actor.DispatchRouter", DISPATCH_ROUTER)

    async def drain(self, deadline: float) -> None:
        await self.drain_children({DISPATCH_ROUTER}, deadline - WRITERS_SHARE_S)
        await self.drain_children(_WRITERS, deadline)

    def figures(self) -> Figures:
        return {"connector_id": surroundings().settings.connector_id, "version": version()}


class Connector(BaseActor):
    body_class = ConnectorBody
