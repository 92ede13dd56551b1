"""The way of receipts and handset messages through a session: to the ReceiptPublisher, and the answer to the SMSC."""

import asyncio
import itertools
import logging
import math
import time
from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from actors.runtime.lanes import LaneClient
from actors.session.link import SmppLink
from adapters.telemetry.logs import log_event
from config.operators import OperatorConfig
from core.inbound import InboundReader
from messages.lanes import InboundBatch, InboundSettled
from smpp.constants import CommandStatus
from smpp.events import DeliverReceived

MOST_AT_PUBLISHER = 1000  # of one session: what the publisher makes safe within a second or two
SETTLE_TIMEOUT_S = 8.0  # a delivery not safe by then is refused: below the response timers of SMSCs
SETTLE_LOOK_S = 1.0

log = logging.getLogger(__name__)


class _Unsettled(NamedTuple):
    """A delivery that the SMSC has no answer to. at: seconds since the epoch; came_at: monotonic seconds."""

    link: SmppLink
    delivery: DeliverReceived
    at: float
    came_at: float


class DeliveryPath:
    """A delivery is answered when the publisher has made it safe, or refused when that takes too long.

    The publisher gets no more at a time than it can soon make safe, the rest waits here, bounded by the link
    (MAX_UNANSWERED_DELIVERS). What is refused, or loses its link, while the publisher has it, keeps its place there
    until the publisher is done with it: else an SMSC that repeats what was refused would fill it without end.
    """

    def __init__(self, operator: OperatorConfig) -> None:
        self.configure(operator)
        self._publisher: LaneClient | None = None
        self._keys = itertools.count(1)
        self._waiting: deque[_Unsettled] = deque()
        self._at_publisher: dict[int, _Unsettled] = {}
        self._given_up: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None

    def configure(self, operator: OperatorConfig) -> None:
        self._reader = InboundReader(operator)

    def publish_to(self, publisher: LaneClient) -> None:
        self._publisher = publisher

    @property
    def unsettled(self) -> int:
        return len(self._at_publisher) + len(self._waiting)

    @property
    def oldest_at(self) -> float:
        """When the oldest unsettled one came, in monotonic seconds; infinite when all are settled."""
        return next((one.came_at for one in itertools.chain(self._at_publisher.values(), self._waiting)), math.inf)

    def received(self, link: SmppLink, deliveries: list[DeliverReceived], at: float) -> None:
        """at: seconds since the epoch."""
        came_at = time.monotonic()
        self._waiting.extend(_Unsettled(link, delivery, at, came_at) for delivery in deliveries)
        self._hand_over()
        self._watch()

    def settled(self, reply: Any) -> None:
        """From the ReceiptPublisher."""
        if isinstance(reply, InboundSettled):
            self._given_up.difference_update(reply.safe, reply.refused)
            self._answer(self._take(reply.safe), CommandStatus.ESME_ROK)
            self._answer(self._take(reply.refused), CommandStatus.ESME_RX_T_APPN)
            self._hand_over()

    def forget(self) -> None:
        """The links are gone: the SMSC sends again what had no answer."""
        self._given_up.update(self._at_publisher)
        self._at_publisher.clear()
        self._waiting.clear()

    def _hand_over(self) -> None:
        assert self._publisher is not None
        items = []
        while self._waiting and len(self._at_publisher) + len(self._given_up) < MOST_AT_PUBLISHER:
            key, one = next(self._keys), self._waiting.popleft()
            self._at_publisher[key] = one
            items.append(self._reader.read(one.delivery.message, key, one.at))
        if items:
            self._publisher.send(InboundBatch(items))

    def _take(self, keys: Iterable[int]) -> list[_Unsettled]:
        """Without those that were refused meanwhile."""
        return [one for key in keys if (one := self._at_publisher.pop(key, None))]

    def _answer(self, answered: Iterable[_Unsettled], command_status: CommandStatus) -> None:
        links = set()
        for link, delivery, *_ in answered:
            link.connection.answer(delivery.sequence_number, delivery.command_id, command_status)
            links.add(link)
        for link in links:
            link.flush()

    def _watch(self) -> None:
        if self._timer is None and self.unsettled:
            self._timer = asyncio.get_running_loop().call_later(SETTLE_LOOK_S, self._refuse_late)

    def _refuse_late(self) -> None:
        """Neither published nor stored in time: the SMSC is to send them again."""
        self._timer = None
        since = time.monotonic() - SETTLE_TIMEOUT_S
        keys = [key for key, one in self._at_publisher.items() if one.came_at < since]
        late = self._take(keys)
        self._given_up.update(keys)
        while self._waiting and self._waiting[0].came_at < since:
            late.append(self._waiting.popleft())
        if late:
            log_event(log, logging.WARNING, "deliveries_refused", "not safe in time", count=len(late))
            self._answer(late, CommandStatus.ESME_RX_T_APPN)
        self._watch()
