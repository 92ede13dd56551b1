"""CorrelationWriter: stores which smsc_message_id belongs to which message, then acknowledges the dispatch.

It is the last in line: nothing is acknowledged to JetStream before its fate is committed to Postgres, and producers
keep their frames until then.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial

from actors.clients.event_publisher import Caused, EventPublisher
from actors.clients.retry import until_available
from actors.clients.row_by_row import store_each
from actors.correlations.spans import WriteSpans
from actors.correlations.work import Query, Work, replies_of, work_of
from actors.runtime.base import BaseActor
from actors.runtime.body import Body, Figures, Shell
from actors.runtime.lanes import Delivery
from actors.runtime.surroundings import surroundings
from adapters.nats.acknowledge import acknowledge, give_back, keep
from adapters.nats.streams import is_stored
from adapters.postgres.connection import PostgresConnection
from adapters.postgres.correlations import CorrelationStore
from adapters.postgres.errors import DatabaseUnavailable
from adapters.telemetry import metrics
from adapters.telemetry.logs import log_event
from core.completion import Completion
from core.dlr import conclusion_event
from core.storing import dead_event
from messages.control import Start
from messages.correlations import CorrelationRow, SegmentKey, StoredSegment
from messages.events import DeliveryStatus, DlrSource
from messages.lanes import (
    AcceptedQuery,
    AcceptedSegments,
    Concluded,
    MessageContext,
)
from messages.traceparent import trace_id

MOST_FRAMES = 500  # in one commit
SETTLED_FLUSH_S = 0.5  # when no further rows take the marks along
KEEP_EVERY_S = 2.0  # JetStream is told of what waits here, where Postgres or NATS holds it up; below its ack_wait
SLOW_S = 1.0  # a database that was away, and not just busy
OTHERS_S = 3.0  # then other sessions and replicas, too, have answers to store before anybody asks for them

log = logging.getLogger(__name__)


class CorrelationWriterBody(Body):
    """Commits what has gathered, then acknowledges, publishes and confirms it; one batch at a time."""

    gather_s = 0.05  # nobody waits for a correlation

    def __init__(self, start: Start, shell: Shell) -> None:
        super().__init__(start, shell)
        self._waiting: list[Delivery] = []
        self._in_work: Sequence[Delivery] = ()
        self._arrived = asyncio.Event()
        self._lookups_from = time.monotonic() + OTHERS_S
        self._completion = Completion()
        self._written = 0
        self._settled: list[SegmentKey] = []
        self._busy = False
        self._spans = WriteSpans(self._tracer) if self._tracer is not None else None

    async def run(self) -> None:
        connection = PostgresConnection(surroundings().settings.postgres_dsn, f"smpp-connector {self.name}")
        self._store = CorrelationStore(connection)
        self._write_seconds = metrics.histogram("smpp_correlation_write_seconds")
        self.spawn(self._work())
        self.spawn(self._keep())

    def deliver(self, deliveries: list[Delivery]) -> None:
        self._waiting += deliveries
        self._arrived.set()

    async def _work(self) -> None:
        self._publisher = await EventPublisher.connect(self.name)
        while True:
            await self._wait()
            self._busy = True
            if not self._waiting:
                await self._write(Work())
            while self._waiting:
                self._in_work, self._waiting = self._waiting[:MOST_FRAMES], self._waiting[MOST_FRAMES:]
                await self._settle(work_of(self._in_work, time.time()))
            self._in_work = ()
            self._busy = False

    async def _wait(self) -> None:
        """Until something has come, or marks have waited long enough for rows that take them along."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), SETTLED_FLUSH_S if self._settled else None)
        self._arrived.clear()

    async def _settle(self, work: Work) -> None:
        """At most two round trips to Postgres: one for all that is written, one for all that is asked."""
        started_at = time.monotonic()
        if work.rows or work.unanswered:
            await self._publish_ends(await self._write(work), work.refusals)
        await self._publish_dead(work.dead)
        await self._acknowledge(work)
        if self._spans is not None:
            self._spans.written(work.rows, time.monotonic() - started_at)
        self._look_back(started_at)
        if work.queries:
            self.spawn(self._answer(work.queries))
        for connection, numbers in work.frames.items():
            connection.confirm(numbers)

    async def _keep(self) -> None:
        """While a batch takes its time: neither it nor what waits behind it is to be delivered to anybody else."""
        held_since: Sequence[Delivery] = ()
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            if held_since and held_since is self._in_work:
                await keep(self._publisher.client, replies_of([*self._in_work, *self._waiting]))
            held_since = self._in_work

    async def _write(self, work: Work) -> list[StoredSegment]:
        started_at = time.monotonic()
        settled, self._settled = self._settled, []
        write = partial(self._store.write, settled=settled, unanswered=work.unanswered)
        stored = await store_each(write, work.rows)
        self._write_seconds.observe(time.monotonic() - started_at)
        self._written += len(work.rows)
        self._give_up(work, stored.refused)
        return [segment for part in stored.results for segment in part]

    def _give_up(self, work: Work, refused: Sequence[tuple[CorrelationRow, str]]) -> None:
        """What the database will never take must not hold up everything behind it."""
        for row, reason in refused:
            where = {"message_id": row.message_id, "trace_id": trace_id(row.traceparent), "segment": row.segment}
            log_event(log, logging.ERROR, "correlation_refused", reason, operator_id=row.operator_id, **where)
            work.give_up(row, reason)

    async def _publish_ends(self, segments: Sequence[StoredSegment], refusals: dict[SegmentKey, int]) -> None:
        """No receipt will come for these: their events come from here. Acceptance alone is no event of a segment."""
        open_segments = [segment for segment in segments if not segment.settled]
        events = [
            Caused(
                conclusion_event(segment, _source(segment), time.time(), refusals.get(segment.key, 0)),
                segment.traceparent,
            )
            for segment in open_segments
            if segment.concludes or (segment.final and segment.key in refusals)
        ]
        await self._publisher.publish_dlr(events)
        self._settled += [segment.key for segment in open_segments]

    async def _publish_dead(self, dead: Sequence[Concluded]) -> None:
        events = [Caused(dead_event(concluded), concluded.context.traceparent) for concluded in dead]
        await self._publisher.publish_dead(events)

    async def _acknowledge(self, work: Work) -> None:
        done = [
            context
            for context in work.stored
            if self._completion.stored(context.reply, context.segment, context.segments)
        ]
        await acknowledge(self._publisher.client, [context.reply for context in done])
        await acknowledge(self._publisher.client, [one.context.reply for one in (*work.dead, *work.repeated)])
        for concluded in work.given_back:
            self._completion.forget(concluded.context.reply)
            await give_back(self._publisher.client, [concluded.context.reply], concluded.delay_s)

        self._count(work, done)

    def _count(self, work: Work, done: Sequence[MessageContext]) -> None:
        """A message counts as what its last segment was."""
        ends = {(row.message_id, row.segment): row.status.value.lower() for row in work.rows if row.final}
        outcomes = Counter(
            (context.operator_id, ends.get((context.message_id, context.segment), "accepted")) for context in done
        )
        outcomes.update((concluded.context.operator_id, "dead") for concluded in work.dead)
        outcomes.update((concluded.context.operator_id, "repeated") for concluded in work.repeated)
        outcomes.update((concluded.context.operator_id, "given back") for concluded in work.given_back)
        for (operator_id, outcome), count in outcomes.items():
            metrics.counter("smpp_messages_total", operator=operator_id, outcome=outcome).inc(count)

    async def _answer(self, queries: Sequence[Query]) -> None:
        find = partial(self._store.sent_segments, [(query.operator_id, query.message_ids) for *_, query in queries])
        # First of all: what is settled then has been stored before.
        unsettled = [await self._unsettled(query) for *_, query in queries]
        started_at = time.monotonic()
        answers = await until_available(find, DatabaseUnavailable)
        self._look_back(started_at)
        wait_s = self._lookups_from - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
            answers = await until_available(find, DatabaseUnavailable)
        for (connection, number, query), found, ids in zip(queries, answers, unsettled, strict=True):
            connection.send(AcceptedSegments(query.query, *found, ids))
            connection.confirm([number])

    async def _unsettled(self, query: AcceptedQuery) -> list[str]:
        """Repeats whose first dispatch is still in the stream."""
        firsts = zip(query.message_ids, query.firsts, strict=False)
        return [message_id for message_id, first in firsts if first and await is_stored(self._publisher.client, first)]

    def _look_back(self, started_at: float) -> None:
        """After the database was away, or this process: what is not found yet may still be on its way there."""
        now = time.monotonic()
        if now - started_at > SLOW_S:
            self._lookups_from = now + OTHERS_S

    async def drain(self, deadline: float) -> None:
        await self.reach(lambda: not (self._waiting or self._busy or self._settled), deadline)
        if self._written:
            await self._publisher.client.flush()

    def figures(self) -> Figures:
        return {"waiting_frames": len(self._waiting), "rows_written": self._written}


class CorrelationWriter(BaseActor):
    body_class = CorrelationWriterBody


def _source(segment: StoredSegment) -> DlrSource:
    """Where no answer came, none is claimed: not sent in time, or sent and never answered."""
    answered = segment.status in (DeliveryStatus.ACCEPTED, DeliveryStatus.REJECTED)
    return DlrSource.SUBMIT_SM_RESP if answered else DlrSource.EXPIRY
