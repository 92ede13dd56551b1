"""Dispatches as they come from the router: read, looked up when they come again, and queued as orders."""

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from actors.runtime.lanes import LaneClient
from adapters.telemetry import metrics
from adapters.telemetry.logs import log_event
from config.operators import OperatorConfig
from core.intake import NOTHING_SENT, Intake, SentSegments
from core.reading import Unprocessable
from core.traffic import Traffic
from messages.ack_subject import stream_sequence
from messages.correlations import SegmentKey
from messages.dispatch import Dispatch
from messages.lanes import AcceptedQuery, AcceptedSegment, AcceptedSegments, DispatchItem

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class Arrivals:
    """Asks the CorrelationWriter, over its lane, which segments of a redelivery the operator has accepted already."""

    def __init__(self, operator: OperatorConfig, traffic: Traffic) -> None:
        self._operator_id = operator.operator_id
        self._traffic = traffic
        self._intake = Intake(operator)
        self._queries: dict[int, list[tuple[DispatchItem, Dispatch]]] = {}
        self._writer: LaneClient | None = None

    def ask(self, writer: LaneClient) -> None:
        self._writer = writer

    def configure(self, operator: OperatorConfig) -> None:
        self._intake.configure(operator)

    @property
    def looked_up(self) -> int:
        """Dispatches that wait for an answer."""
        return sum(len(waiting) for waiting in self._queries.values())

    def held_since_before(self, since: float) -> list[str]:
        """Reply subjects of those that have waited since before that monotonic time."""
        waiting = [item for query in self._queries.values() for item, _dispatch in query]
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
                self._enqueue(item, dispatch, NOTHING_SENT)
        if repeated:
            self._look_up(repeated)
        self._count_transliterated()

    def answered(self, answer: Any) -> None:
        """From the CorrelationWriter."""
        if not isinstance(answer, AcceptedSegments):
            return
        accepted, unanswered = _by_message(answer.segments), _by_message(answer.unanswered)
        for item, dispatch in self._queries.pop(answer.query, []):
            sent = SentSegments(
                frozenset(accepted.get(dispatch.message_id, ())), frozenset(unanswered.get(dispatch.message_id, ()))
            )
            self._enqueue(item, dispatch, sent)

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

    def _enqueue(self, item: DispatchItem, dispatch: Dispatch, sent: SentSegments) -> None:
        found = self._unless_dead(item, partial(self._intake.orders, item, dispatch, time.time(), sent))
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


def _by_message(segments: Iterable[AcceptedSegment | SegmentKey]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for one in segments:
        found.setdefault(one.message_id, set()).add(one.segment)
    return found
