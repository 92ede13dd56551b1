"""Finished spans on their way to a collector: OTLP over HTTP, from the event loop of the actor.

The SDK's own batch processor works in a thread. An actor has no third one: it forks, and a lock that a thread holds at
that moment stays locked in the child for ever (docs/decisions/0030-traces.md).

Nothing here holds up or ends an actor. What the collector does not take waits, in a queue with a bound from which the
oldest fall out, and is tried again with growing pauses.
"""

import asyncio
import contextlib
import gzip
import logging
import ssl
import time
from collections import deque
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

import aiohttp
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from adapters.telemetry.event_limiter import EventLimiter
from config.tracing import TraceExport

ENCODED_AT_ONCE = 32  # spans, at some 50 us each: no longer turn of the event loop than that
RETRY_FIRST_S, RETRY_MOST_S = 1.0, 30.0
LOG_EVERY_S = 300.0
LOOK_S = 0.02  # between looks at what is left, while stopping
TRY_AGAIN = frozenset({408, 429, 502, 503, 504})  # OTLP/HTTP, "Failures": all others are for good

log = logging.getLogger(__name__)


class NotTaken(Exception):
    """The collector did not take a batch; it may take it later."""


class Refused(Exception):
    """The collector will never take this batch."""


class Batch(NamedTuple):
    """Encoded spans."""

    body: bytes
    size: int


class SpanQueue(SpanProcessor):
    """Spans of one process, written and read in its event loop."""

    def __init__(self, most: int, batch: int) -> None:
        self._spans: deque[ReadableSpan] = deque(maxlen=most)
        self._batch = batch
        self.lost = 0
        self.has_some = asyncio.Event()
        self.has_batch = asyncio.Event()

    def __len__(self) -> int:
        return len(self._spans)

    def on_end(self, span: ReadableSpan) -> None:
        self.lost += len(self._spans) == self._spans.maxlen
        self._spans.append(span)
        self.has_some.set()
        if len(self._spans) >= self._batch:
            self.has_batch.set()

    def take(self) -> list[ReadableSpan]:
        """The next batch, oldest first."""
        taken = [self._spans.popleft() for _ in range(min(self._batch, len(self._spans)))]
        if not self._spans:
            self.has_some.clear()
        if len(self._spans) < self._batch:
            self.has_batch.clear()
        return taken


class SpanExport:
    """Sends what is queued, one batch at a time."""

    def __init__(self, export: TraceExport, queue: SpanQueue) -> None:
        self._export = export
        self._queue = queue
        self._batch: Batch | None = None
        self._fails = False
        self._log = EventLimiter(log, limit=1, interval_s=LOG_EVERY_S)

    async def run(self) -> None:
        """For ever."""
        pause_s = RETRY_FIRST_S
        while True:
            try:
                async with self._session() as session:  # a new one after each failure reads the certificates again
                    while True:
                        await self._wait()
                        await self._send_next(session)
                        pause_s = RETRY_FIRST_S
            except NotTaken as error:
                self._complain(str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, RETRY_MOST_S)

    async def flush(self, deadline: float) -> None:
        """At a stop: send what waits. Ends at the deadline (monotonic seconds), and at once where the collector does
        not take anything."""
        while (self._queue or self._batch) and not self._fails and time.monotonic() < deadline:
            self._queue.has_batch.set()
            await asyncio.sleep(LOOK_S)

    async def _wait(self) -> None:
        """Until there is a batch, or a part of one has waited long enough."""
        if self._batch is None:
            await self._queue.has_some.wait()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._queue.has_batch.wait(), self._export.delay_s)

    async def _send_next(self, session: aiohttp.ClientSession) -> None:
        """Raises NotTaken; the batch is kept then."""
        if self._batch is None:
            spans = self._queue.take()
            self._batch = Batch(await _encoded(spans), len(spans))
        try:
            await self._post(session, self._batch.body)
        except Refused as error:
            self._queue.lost += self._batch.size
            self._complain(str(error))
        else:
            self._fails = False
        self._batch = None

    async def _post(self, session: aiohttp.ClientSession, body: bytes) -> None:
        headers = {**self._export.headers, "Content-Type": "application/x-protobuf"}
        if self._export.gzip:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body)
        try:
            async with session.post(self._export.url, data=body, headers=headers, allow_redirects=False) as response:
                status = response.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise NotTaken(type(error).__name__) from None
        if status in TRY_AGAIN:
            raise NotTaken(f"HTTP {status}")
        if status != HTTPStatus.OK:
            raise Refused(f"HTTP {status}")

    def _complain(self, cause: str) -> None:
        self._fails = True
        waiting = len(self._queue) + (self._batch.size if self._batch else 0)
        self._log.log(logging.WARNING, "spans_not_exported", cause=cause, waiting=waiting, lost=self._queue.lost)

    def _session(self) -> aiohttp.ClientSession:
        """Raises NotTaken when the certificates cannot be used."""
        try:
            connector = aiohttp.TCPConnector(ssl=_tls(self._export), limit=1)
        except OSError as error:  # ssl.SSLError is one
            raise NotTaken(f"certificates: {type(error).__name__}") from None
        timeout = aiohttp.ClientTimeout(total=self._export.timeout_s)
        return aiohttp.ClientSession(connector=connector, timeout=timeout)


async def _encoded(spans: Sequence[ReadableSpan]) -> bytes:
    """A few at a time: encoded messages of protobuf one after the other are the encoding of all."""
    parts = []
    for first in range(0, len(spans), ENCODED_AT_ONCE):
        parts.append(encode_spans(spans[first : first + ENCODED_AT_ONCE]).SerializeToString())
        await asyncio.sleep(0)
    return b"".join(parts)


def _tls(export: TraceExport) -> ssl.SSLContext | bool:
    """True: aiohttp's own, which plain HTTP does not use."""
    if not export.url.startswith("https:"):
        return True
    context = ssl.create_default_context(cafile=export.ca_file)
    if export.client_certificate_file:
        files = export.client_certificate_file, export.client_key_file
        context.load_cert_chain(*files, password="")  # else it would ask at the terminal  # nosec B106
    return context
