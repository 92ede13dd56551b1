"""Dispatches as they come from the router: read, looked up when they come again, and queued as orders."""

import time
from collections.abc import Iterable
from typing import Any

from actors.runtime.lanes import LaneClient
from adapters.telemetry import metrics
from config.operators import OperatorConfig
from core.intake import NOTHING_SENT, Intake, SentSegments
from core.reading import Unprocessable
from core.traffic import Traffic
from messages.correlations import SegmentKey
from messages.dispatch import Dispatch
from messages.lanes import AcceptedQuery, AcceptedSegment, AcceptedSegments, DispatchItem


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
            try:
                dispatch = self._intake.read(item)
            except Unprocessable as error:
                self._traffic.conclude([self._intake.dead(item, str(error))])
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
        try:
            orders, concluded = self._intake.orders(item, dispatch, time.time(), sent)
        except Unprocessable as error:
            self._traffic.conclude([self._intake.dead(item, str(error))])
            return
        self._traffic.add(orders)
        self._traffic.conclude(concluded)


def _by_message(segments: Iterable[AcceptedSegment | SegmentKey]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for one in segments:
        found.setdefault(one.message_id, set()).add(one.segment)
    return found
