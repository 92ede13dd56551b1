"""Dispatches as they come from the router: read, looked up when they come again, and queued as orders."""

import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar

from actors.operator.references import ReferenceSource
from actors.runtime.lanes import LaneClient
from adapters.telemetry import metrics
from adapters.telemetry.logs import log_event
from config.operators import OperatorConfig
from core.intake import Intake, Taken
from core.reading import Unprocessable
from core.redeliveries import NOTHING_SENT, SentSegments, sent_segments
from core.traffic import Traffic
from messages.ack_subject import stream_sequence
from messages.dispatch import Dispatch
from messages.lanes import AcceptedQuery, AcceptedSegments, DispatchItem

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class Arrivals:
    """Asks the CorrelationWriter, over its lane, which segments of a redelivery the operator has accepted already, and
    Redis for the references of long messages; `wake` follows when these have been queued."""

    def __init__(self, operator: OperatorConfig, traffic: Traffic, wake: Callable[[], None]) -> None:
        self._operator_id = operator.operator_id
        self._traffic = traffic
        self._wake = wake
        self._intake = Intake(operator)
        self._references = ReferenceSource(self._numbered)
        self._queries: dict[int, list[tuple[DispatchItem, Dispatch]]] = {}
        self._writer: LaneClient | None = None

    def start(self, writer: LaneClient, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._writer = writer
        self._references.start(spawn)

    def configure(self, operator: OperatorConfig) -> None:
        self._intake.configure(operator)

    @property
    def looked_up(self) -> int:
        """Dispatches that wait for an answer."""
        return sum(len(waiting) for waiting in self._queries.values()) + len(self._references.waiting)

    def held_since_before(self, since: float) -> list[str]:
        """Reply subjects of those that have waited since before that monotonic time."""
        waiting = [item for query in self._queries.values() for item, _dispatch in query]
        waiting += [taken.item for taken in self._references.waiting]
        return [item.reply for item in waiting if item.pulled_at < since]

    def take(self, items: list[DispatchItem]) -> None:
        repeated = []
        for item in items:
            dispatch = self._unless_dead(item, partial(self._intake.read, item))
            if dispatch is None:
                continue
            if item.deliveries > 1:
                repeated.append((item, dispatch))
            else:
                self._prepare(item, dispatch, NOTHING_SENT)
        if repeated:
            self._look_up(repeated)
        self._count_transliterated()

    def answered(self, answer: Any) -> None:
        """From the CorrelationWriter."""
        if not isinstance(answer, AcceptedSegments):
            return
        sent = sent_segments(answer)
        for item, dispatch in self._queries.pop(answer.query, []):
            self._prepare(item, dispatch, sent.get(dispatch.message_id, NOTHING_SENT))

    def _count_transliterated(self) -> None:
        count, self._intake.transliterated = self._intake.transliterated, 0
        if count:
            metrics.counter("smpp_texts_transliterated_total", operator=self._operator_id).inc(count)

    def _look_up(self, repeated: list[tuple[DispatchItem, Dispatch]]) -> None:
        assert self._writer is not None
        query = next(self._intake.numbers)
        self._queries[query] = repeated
        ids = [dispatch.message_id for _item, dispatch in repeated]
        self._writer.send(AcceptedQuery(query, self._operator_id, ids))

    def _prepare(self, item: DispatchItem, dispatch: Dispatch, sent: SentSegments) -> None:
        found = self._unless_dead(item, partial(self._intake.prepare, item, dispatch, time.time(), sent))
        if not isinstance(found, Taken):
            self._traffic.conclude(found or ())
        elif found.needs_reference:
            self._references.number(found)
        else:
            self._enqueue(found)

    def _numbered(self, numbered: Sequence[tuple[Taken, int]]) -> None:
        for taken, reference in numbered:
            self._enqueue(taken, reference)
        self._wake()

    def _enqueue(self, taken: Taken, reference: int = 0) -> None:
        found = self._unless_dead(taken.item, partial(self._intake.orders, taken, reference))
        if found is not None:
            orders, concluded = found
            self._traffic.add(orders)
            self._traffic.conclude(concluded)

    def _unless_dead(self, item: DispatchItem, step: Callable[[], Result]) -> Result | None:
        """What the step makes of the dispatch; None where it can't be processed, and is concluded."""
        try:
            return step()
        except Unprocessable as error:
            reason = str(error)
        except Exception as error:  # a bug, but of this dispatch alone: at each delivery it would end the actor again
            reason = f"internal error: {type(error).__name__}"
            log_event(log, logging.CRITICAL, "dispatch_failed", reason, stream_sequence=stream_sequence(item.reply))
        self._traffic.conclude([self._intake.dead(item, reason)])
        return None
