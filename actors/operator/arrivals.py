"""Dispatches as they come from the router: read, looked up when they come again, and queued as orders."""

import itertools
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from actors.operator.door import Arrival, Door, Spawn
from actors.operator.references import ReferenceSource
from actors.runtime.lanes import LaneClient
from adapters.telemetry import metrics
from adapters.telemetry.logs import log_event
from config.operators import OperatorConfig
from core.intake import Intake, Taken
from core.reading import Unprocessable
from core.redeliveries import NOTHING_SENT, SentSegments, sent_segments
from core.traffic import GIVE_BACK_DELAY_S, Traffic
from messages.ack_subject import stream_sequence
from messages.lanes import AcceptedQuery, AcceptedSegments, DispatchItem
from messages.traceparent import trace_id

Result = TypeVar("Result")

REPEAT_DELAY_S = 5.0  # before a repeat looks again what has become of the first

log = logging.getLogger(__name__)


class Arrivals:
    """Asks the CorrelationWriter, over its lane, which segments of a redelivery the operator has accepted already, and
    Redis for the references of long messages.

    A repeat, another dispatch with a message_id that came before, ends when the first one has been sent. While that is
    under way, here or elsewhere, it goes back; where nothing was sent (it has ended as dead) it is sent in its place.
    """

    def __init__(self, operator: OperatorConfig, traffic: Traffic) -> None:
        self._operator_id = operator.operator_id
        self._traffic = traffic
        self._intake = Intake(operator)
        self._queries: dict[int, list[Arrival]] = {}

    def open(self, writer: LaneClient, spawn: Spawn, ready: Callable[[], None]) -> None:
        """ready: called whenever something may have been queued or concluded."""
        self._writer = writer
        self._ready = ready
        self._transliterated = metrics.counter("smpp_texts_transliterated_total", operator=self._operator_id)
        self._door = Door(self._operator_id, self._known, spawn)
        self._references = ReferenceSource(self._numbered, spawn)

    def configure(self, operator: OperatorConfig) -> None:
        self._intake.configure(operator)

    @property
    def waiting(self) -> int:
        """Dispatches of which something has to be asked before they can be queued."""
        return len(self._waiting())

    def held_since_before(self, since: float) -> list[str]:
        """Reply subjects of those that have waited since before that monotonic time."""
        return [item.reply for item in self._waiting() if item.pulled_at < since]

    def take(self, items: list[DispatchItem]) -> None:
        read = [(item, self._unless_dead(item, partial(self._intake.read, item))) for item in items]
        self._door.enter([Arrival(item, dispatch) for item, dispatch in read if dispatch is not None])

    def give_back(self) -> None:
        """At a stop: what waits belongs to JetStream."""
        self._traffic.conclude([self._intake.back(item, GIVE_BACK_DELAY_S) for item in self._waiting()])
        self._door.close()
        self._references.close()
        self._queries.clear()

    def answered(self, answer: Any) -> None:
        """From the CorrelationWriter."""
        if not isinstance(answer, AcceptedSegments):
            return
        sent, unsettled = sent_segments(answer), set(answer.unsettled)
        for one in self._queries.pop(answer.query, []):
            found = sent.get(one.dispatch.message_id, NOTHING_SENT)
            if one.first and one.dispatch.message_id in unsettled:
                self._traffic.conclude([self._intake.back(one.item, REPEAT_DELAY_S)])
            elif one.first and found.accepted:
                self._traffic.conclude([self._intake.repeated(one.item)])
            else:
                self._prepare(one, found)
        self._ready()

    def _known(self, arrivals: list[Arrival]) -> None:
        """From the door."""
        to_look_up = []
        for one in arrivals:
            if one.first or one.item.deliveries > 1:
                to_look_up.append(one)
            else:
                self._prepare(one, NOTHING_SENT)
        if to_look_up:
            self._look_up(to_look_up)
        self._count_transliterated()
        self._ready()

    def _waiting(self) -> list[DispatchItem]:
        looked_up = itertools.chain.from_iterable(self._queries.values())
        asked = [one.item for one in (*self._door.waiting, *looked_up)]
        return asked + [taken.item for taken in self._references.waiting]

    def _count_transliterated(self) -> None:
        count, self._intake.transliterated = self._intake.transliterated, 0
        self._transliterated.inc(count)

    def _look_up(self, arrivals: list[Arrival]) -> None:
        query = next(self._intake.numbers)
        self._queries[query] = arrivals
        ids, firsts = [one.dispatch.message_id for one in arrivals], [one.first for one in arrivals]
        self._writer.send(AcceptedQuery(query, self._operator_id, ids, firsts if any(firsts) else []))

    def _prepare(self, one: Arrival, sent: SentSegments) -> None:
        prepare = partial(self._intake.prepare, one.item, one.dispatch, time.time(), sent)
        found = self._unless_dead(one.item, prepare)
        if not isinstance(found, Taken):
            self._traffic.conclude(found or ())
        elif found.needs_reference:
            self._references.number(found)
        else:
            self._enqueue(found)

    def _numbered(self, numbered: Sequence[tuple[Taken, int]]) -> None:
        for taken, reference in numbered:
            self._enqueue(taken, reference)
        self._ready()

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
            where = {"stream_sequence": stream_sequence(item.reply), "trace_id": trace_id(item.traceparent)}
            log_event(log, logging.CRITICAL, "dispatch_failed", reason, operator_id=self._operator_id, **where)
        self._traffic.conclude([self._intake.dead(item, reason)])
        return None
