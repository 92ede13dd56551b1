"""Dispatches for operators that nobody has: nobody pulls them, so somebody has to look for them.

Another group may own an operator that is not ours, and be away just now. A dispatch is a stray only if it has waited
long, no consumer was ever made for its operator, and the operator-management-service does not know the operator.
They are read and deleted by their numbers: a consumer would take messages from an owner that comes after all.
"""

import asyncio
import logging
import re
import time
from collections.abc import Container

from nats.errors import Error as NatsError
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from actors.clients.event_publisher import Caused, EventPublisher
from adapters.nats.streams import DISPATCH_STREAM, DISPATCH_SUBJECT, consumer_name
from adapters.operator_management import OperatorManagementClient, OperatorManagementUnavailable, OperatorUnknown
from adapters.telemetry import metrics
from adapters.telemetry.logs import log_event
from core.storing import stray_event
from messages.traceparent import read_traceparent

STRAY_AFTER_S = 600.0  # time to set up an operator whose messages have come before it
MOST_AT_ONCE = 500  # of one operator, so that no other waits for it
OPERATOR_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # as of an OperatorConfig
UNKNOWN = "unknown"  # label: what stands in the subject is not ours to bound

log = logging.getLogger(__name__)


class Strays:
    """Every replica looks; the event of each has the same id, so that JetStream keeps one."""

    def __init__(
        self, publisher: EventPublisher, management: OperatorManagementClient, after_s: float = STRAY_AFTER_S
    ) -> None:
        self._publisher = publisher
        self._jetstream = publisher.client.jetstream()
        self._management = management
        self._after_s = after_s

    async def look(self, ours: Container[str]) -> None:
        """Once through the stream. ours: the operators that have a consumer of this replica."""
        try:
            for subject in await self._subjects():
                operator_id = subject.removeprefix(f"{DISPATCH_SUBJECT}.")
                if operator_id not in ours and await self._is_unknown(operator_id):
                    await self._end_all(operator_id, subject)
        except (NatsError, OSError, TimeoutError, OperatorManagementUnavailable) as error:
            log_event(log, logging.WARNING, "strays_not_looked_for", cause=type(error).__name__)

    async def _subjects(self) -> list[str]:
        info = await self._jetstream.stream_info(DISPATCH_STREAM, subjects_filter=f"{DISPATCH_SUBJECT}.*")
        return sorted(info.state.subjects or {})

    async def _is_unknown(self, operator_id: str) -> bool:
        if not OPERATOR_ID.fullmatch(operator_id):
            return True
        return not await self._has_consumer(operator_id) and not await self._is_managed(operator_id)

    async def _has_consumer(self, operator_id: str) -> bool:
        try:
            await self._jetstream.consumer_info(DISPATCH_STREAM, consumer_name(operator_id))
        except NotFoundError:
            return False
        return True

    async def _is_managed(self, operator_id: str) -> bool:
        try:
            await self._management.fetch_credentials(operator_id)
        except OperatorUnknown:
            return False
        return True

    async def _end_all(self, operator_id: str, subject: str) -> None:
        number = 1
        for _ in range(MOST_AT_ONCE):
            stray = await self._next(subject, number)
            if stray is None:
                return
            number = await self._end(operator_id, stray) + 1
            await asyncio.sleep(0)

    async def _next(self, subject: str, number: int) -> RawStreamMsg | None:
        """The first from this number in the stream on, if it has waited long enough."""
        try:
            message = await self._jetstream.get_msg(DISPATCH_STREAM, seq=number, subject=subject, next=True)
        except NotFoundError:
            return None
        stored_at = message.time.timestamp() if message.time else time.time()
        return message if time.time() - stored_at >= self._after_s else None

    async def _end(self, operator_id: str, stray: RawStreamMsg) -> int:
        """Deletes it when its event is confirmed; returns its number in the stream."""
        number = stray.seq or 0
        header = (stray.headers or {}).get("traceparent", "")
        event = stray_event(operator_id, number, stray.data or b"")
        await self._publisher.publish_dead([Caused(event, read_traceparent(header))])
        await self._jetstream.delete_msg(DISPATCH_STREAM, number)
        metrics.counter("smpp_messages_total", operator=UNKNOWN, outcome="dead").inc()
        return number
