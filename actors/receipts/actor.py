"""ReceiptPublisher: receipts become sms.dlr.inbound, messages from handsets sms.mo.inbound.

A delivery is settled, so that the session may answer the SMSC, when JetStream has confirmed its event or when it is
stored in Postgres.
"""

from actors.clients.event_publisher import EventPublisher
from actors.receipts.deliveries import Frame, Waiting
from actors.receipts.fresh import FreshReceipts
from actors.receipts.handset import HandsetMessages
from actors.receipts.late import LateReceipts
from actors.runtime.base import BaseActor
from actors.runtime.body import Body, Figures, Shell
from actors.runtime.lanes import Delivery
from actors.runtime.surroundings import surroundings
from adapters.postgres.connection import PostgresConnection
from adapters.postgres.receipts import ReceiptStore
from messages.control import Start
from messages.lanes import InboundBatch, InboundReceipt


class ReceiptPublisherBody(Body):
    """Receipts and messages from handsets go ways of their own, so that neither holds up the other."""

    gather_s = 0.05  # at low rates; SMSCs wait seconds for a deliver_sm_resp

    def __init__(self, start: Start, shell: Shell) -> None:
        super().__init__(start, shell)
        self._receipts = FreshReceipts()
        self._handset = HandsetMessages()

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
                self._handset.add(Waiting(frame, item))

    async def _work(self) -> None:
        publisher = await EventPublisher.connect(self.name)
        late = LateReceipts(self._background, publisher)
        self.spawn(late.retry_parked())
        self.spawn(late.expire())
        self.spawn(self._handset.work(publisher))
        await self._receipts.work(self._store, publisher, late)

    async def drain(self, deadline: float) -> None:
        await self.reach(lambda: not self._receipts.is_working and not self._handset.is_working, deadline)

    def figures(self) -> Figures:
        return {
            "waiting": self._receipts.waiting,
            "early": self._receipts.early,
            "parts": self._handset.parts,
            "handled": self._receipts.handled,
        }


class ReceiptPublisher(BaseActor):
    body_class = ReceiptPublisherBody
