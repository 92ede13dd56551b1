"""ReceiptPublisher: receipts become sms.dlr.inbound, messages from handsets sms.mo.inbound.

A delivery is settled, so that the session may answer the SMSC, when JetStream has confirmed its event or when it is
stored in Postgres.
"""

from collections.abc import Sequence
from functools import partial

from actors.clients.event_publisher import EventPublisher
from actors.receipts.deliveries import Frame, Waiting
from actors.receipts.fresh import FreshReceipts
from actors.receipts.handset import HandsetQueue, publish_messages
from actors.receipts.joining import PartsJoining
from actors.receipts.late import LateReceipts
from actors.runtime.base import BaseActor
from actors.runtime.body import Body, Figures, Shell
from actors.runtime.lanes import Delivery
from actors.runtime.surroundings import surroundings
from adapters.postgres.connection import PostgresConnection
from adapters.postgres.receipts import ReceiptStore
from core.mobile_originated import message_event
from messages.control import Start
from messages.lanes import InboundBatch, InboundPart, InboundReceipt


class ReceiptPublisherBody(Body):
    """Receipts, whole messages from handsets and parts of them go ways of their own: none holds up the others."""

    gather_s = 0.05  # at low rates; SMSCs wait seconds for a deliver_sm_resp

    def __init__(self, start: Start, shell: Shell) -> None:
        super().__init__(start, shell)
        self._receipts = FreshReceipts()
        self._messages = HandsetQueue()
        self._parts = HandsetQueue()
        self._joining: PartsJoining | None = None

    async def run(self) -> None:
        dsn = surroundings().settings.postgres_dsn
        self._store = ReceiptStore(PostgresConnection(dsn, f"smpp-connector {self.name}"))
        self._background = PostgresConnection(dsn, f"smpp-connector {self.name} background")
        self.spawn(self._work())

    def deliver(self, deliveries: list[Delivery]) -> None:
        for connection, number, message in deliveries:
            if isinstance(message, InboundBatch):
                self._take(message, Frame(connection, number, len(message.items)))

    def _take(self, batch: InboundBatch, frame: Frame) -> None:
        for item in batch.items:
            if isinstance(item, InboundReceipt):
                self._receipts.add(Waiting(frame, item))
            else:
                (self._messages if item.parts == 1 else self._parts).add(Waiting(frame, item))

    async def _work(self) -> None:
        publisher = await EventPublisher.connect(self.name, reconnected_cb=self._reconnected)
        self._joining = PartsJoining(publisher)
        late = LateReceipts(self._background, publisher)
        self.spawn(late.retry_parked())
        self.spawn(late.expire())
        self.spawn(late.sweep())
        self.spawn(self._messages.work(partial(_publish_whole, publisher)))
        self.spawn(self._parts.work(publisher.store_parts))
        self.spawn(self._joining.work())
        await self._receipts.work(self._store, publisher, late)

    async def _reconnected(self) -> None:
        if self._joining is not None:
            await self._joining.reconnected()

    async def drain(self, deadline: float) -> None:
        if self._joining is not None:
            self._joining.stop()
        work = (self._receipts, self._messages, self._parts)
        await self.reach(lambda: not any(one.is_working for one in work), deadline)

    def figures(self) -> Figures:
        return {
            "waiting": self._receipts.waiting,
            "early": self._receipts.early,
            "handled": self._receipts.handled,
            "from_handsets": self._messages.waiting + self._parts.waiting,
            "joined": self._joining.joined if self._joining is not None else 0,
        }


class ReceiptPublisher(BaseActor):
    body_class = ReceiptPublisherBody


async def _publish_whole(publisher: EventPublisher, messages: Sequence[InboundPart]) -> None:
    await publish_messages(publisher, [message_event([message]) for message in messages])
