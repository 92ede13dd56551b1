"""The way of receipts and handset messages through a session: to the ReceiptPublisher, and the answer to the SMSC."""

import asyncio
import itertools
import logging
import time
from typing import Any

from actors.runtime.lanes import LaneClient
from actors.session.link import SmppLink
from adapters.telemetry.logs import log_event
from config.operators import OperatorConfig
from core.inbound import InboundReader
from messages.lanes import InboundBatch, InboundSettled
from smpp.constants import CommandStatus
from smpp.events import DeliverReceived
from smpp.message_id import IdRules
from smpp.text import Encoding

SETTLE_TIMEOUT_S = 8.0  # a delivery not safe by then is refused: below the response timers of SMSCs
SETTLE_LOOK_S = 1.0

log = logging.getLogger(__name__)


class DeliveryPath:
    """A delivery is answered when the publisher has made it safe, or refused when that takes too long."""

    def __init__(self, operator: OperatorConfig) -> None:
        self.configure(operator)
        self._publisher: LaneClient | None = None
        self._keys = itertools.count(1)
        self._unsettled: dict[int, tuple[SmppLink, DeliverReceived, float]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def configure(self, operator: OperatorConfig) -> None:
        ids = operator.message_id
        self._reader = InboundReader(
            operator.operator_id,
            IdRules(ids.submit_resp, ids.receipt),
            Encoding(operator.default_alphabet.value),
            operator.mo_parts_s,
            packed=operator.text.packed_gsm7,
        )

    def publish_to(self, publisher: LaneClient) -> None:
        self._publisher = publisher

    @property
    def unsettled(self) -> int:
        return len(self._unsettled)

    def received(self, link: SmppLink, deliveries: list[DeliverReceived], at: float) -> None:
        """at: seconds since the epoch."""
        assert self._publisher is not None
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        items = []
        for delivery in deliveries:
            key = next(self._keys)
            self._unsettled[key] = (link, delivery, deadline)
            items.append(self._reader.read(delivery.message, key, at))
        self._publisher.send(InboundBatch(items))
        self._watch()

    def settled(self, reply: Any) -> None:
        """From the ReceiptPublisher."""
        if isinstance(reply, InboundSettled):
            self._answer(reply.safe, CommandStatus.ESME_ROK)
            self._answer(reply.refused, CommandStatus.ESME_RX_T_APPN)

    def forget(self) -> None:
        """The links are gone: the SMSC sends again what had no answer."""
        self._unsettled.clear()

    def _answer(self, keys: list[int], command_status: CommandStatus) -> None:
        links = set()
        for key in keys:
            waiting = self._unsettled.pop(key, None)
            if waiting is not None:
                link, delivery, _deadline = waiting
                link.connection.answer(delivery.sequence_number, delivery.command_id, command_status)
                links.add(link)
        for link in links:
            link.flush()

    def _watch(self) -> None:
        if self._timer is None and self._unsettled:
            self._timer = asyncio.get_running_loop().call_later(SETTLE_LOOK_S, self._refuse_late)

    def _refuse_late(self) -> None:
        """Neither published nor stored in time: the SMSC is to send them again."""
        self._timer = None
        now = time.monotonic()
        late = [key for key, (_link, _delivery, deadline) in self._unsettled.items() if deadline < now]
        if late:
            log_event(log, logging.WARNING, "deliveries_refused", "not safe in time", count=len(late))
            self._answer(late, CommandStatus.ESME_RX_T_APPN)
        self._watch()
