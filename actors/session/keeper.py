"""Keeps a session bound: credentials, connect, bind, and again with growing waits after a failure or a loss."""

import asyncio
import contextlib
import logging
import math
import time
from typing import TYPE_CHECKING, Protocol

from actors.runtime.kill_timer import KillTimer
from actors.session.credentials import BindCredentials
from actors.session.lease import BindLease, LeaseDenied, Spawn
from actors.session.link import SmppLink
from actors.session.links import PART_S, BindFailed, SessionLinks, TransceiverRefused
from adapters.operator_management import OperatorManagementUnavailable, OperatorUnknown
from adapters.smsc_tls import ClientCertificateUnusable
from adapters.telemetry import metrics
from adapters.telemetry.logs import log_event
from config.operators import Credentials, OperatorConfig
from core.backoff import Backoff
from core.bind_modes import Modes
from core.bind_refusals import wait_s
from messages.control import SessionAssignment
from smpp.constants import CommandStatus

if TYPE_CHECKING:
    from prometheus_client import Counter

ANSWER_S = 3.0  # for the answer to a bind that is not wanted any more
RELEASE_S = 1.0  # for giving the lease back, after the links are closed
LOOK_S = 0.02  # between looks whether all is answered, while parting

STOPPED = "stopped"

COUNTED_FROM_ZERO = (
    CommandStatus.ESME_ROK,
    CommandStatus.ESME_RINVPASWD,
    CommandStatus.ESME_RINVSYSID,
    CommandStatus.ESME_RINVSYSTYP,
)
"""Results whose first time must be seen: Prometheus sees no increase where a series begins at 1."""

log = logging.getLogger(__name__)


class NotTried(Exception):
    """Something of ours hinders the bind, which says nothing of the endpoint.

    retry_after_s: 0 leaves it to the backoff.
    """

    def __init__(self, reason: str, retry_after_s: float = 0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Traffic(Protocol):
    """What moves over the session, as far as binding and parting care."""

    def bound(self, mode: str) -> None: ...
    def unbound(self, reason: str, *, endpoint_failed: bool) -> None: ...
    def transceiver_unknown(self) -> None: ...
    def outdated(self) -> None: ...
    def is_quiet(self, since: float) -> bool: ...
    def links_gone(self, transmitter: SmppLink | None) -> None: ...


class BindKeeper:
    """Runs until `stop`; tells its Traffic when it may send and when no longer."""

    def __init__(
        self, assignment: SessionAssignment, name: str, links: SessionLinks, traffic: Traffic, spawn: Spawn
    ) -> None:
        self._operator = operator = assignment.operator
        self._endpoint = operator.endpoints[assignment.endpoint]
        self._links = links
        self._traffic = traffic
        self.credentials = BindCredentials(operator.operator_id, traffic.outdated)
        self._backoff = Backoff(operator.timers.reconnect_min_s, operator.timers.reconnect_max_s)
        for result in COUNTED_FROM_ZERO:
            self._counter(result.name)
        self._lease = BindLease(assignment, name, self.part, spawn, KillTimer())
        self._stopped = asyncio.Event()
        self._ended = asyncio.Event()
        self._over = asyncio.Event()  # the links are gone, or are to be left
        self._part_by = math.inf
        self._part_reason = ""
        self._attempt: asyncio.Timeout | None = None
        self._has_connected = False
        self._reconnects = metrics.counter("smpp_reconnects_total", operator=operator.operator_id)
        self._carries = False
        self._retry_at = 0.0
        self.is_bound = False
        self.bound_since = time.time()
        """Since when `is_bound` is so, in seconds since the epoch."""
        self.last_error = ""

    def configure(self, operator: OperatorConfig) -> None:
        """New settings; those of the bind itself hold from the next one on."""
        old, new = self._operator.timers, operator.timers
        if (old.reconnect_min_s, old.reconnect_max_s) != (new.reconnect_min_s, new.reconnect_max_s):
            self._backoff = Backoff(new.reconnect_min_s, new.reconnect_max_s)
        self._operator = operator
        self._links.configure(operator)
        self._lease.configure(operator)

    @property
    def lease(self) -> str:
        return self._lease.state

    @property
    def retry_in_s(self) -> float:
        return max(0.0, self._retry_at - time.monotonic())

    def carries(self, now: float) -> bool:
        """Whether submits may go out: bound, not about to leave, and the lease not over."""
        return self._carries and self._lease.allows_traffic(now)

    async def run(self) -> None:
        while not self._stopped.is_set():
            await self._wait(await self._bind_and_stay())
        self._ended.set()

    def lost(self, reason: str) -> None:
        """The links ended by themselves."""
        self._withdraw(reason, endpoint_failed=True)
        self._finish(reason, self._links.transmitter)

    def part(self, reason: str, deadline: float) -> None:
        """Begin to leave in order, by `deadline` (monotonic seconds): no new submits, wait for what is due, unbind.

        The earliest deadline counts. A bind that is under way is given up; but one that the SMSC has been asked for
        is awaited a little, so that it can be ended by an unbind.
        """
        self._withdraw(reason, endpoint_failed=False)
        self._part_by = min(self._part_by, deadline)
        self._part_reason = reason
        self._over.set()
        if self._attempt is not None:
            self._attempt.reschedule(asyncio.get_running_loop().time() + self._patience_s())

    async def stop(self, deadline: float) -> None:
        """Part and stay away; returns when the links are closed and their lease is given back."""
        self._stopped.set()
        self.part(STOPPED, deadline)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), max(0.0, deadline - time.monotonic()) + RELEASE_S)

    def _patience_s(self) -> float:
        if not self._links.awaits_answer:
            return 0.0
        return max(0.0, min(ANSWER_S, self._part_by - PART_S - time.monotonic()))

    async def _bind_and_stay(self) -> float:
        """Seconds until the next attempt."""
        try:
            await self._bind()
            await self._stay()
        except TransceiverRefused as refusal:
            log_event(log, logging.INFO, "transceiver_refused", str(refusal), **self._where())
            self._traffic.transceiver_unknown()
            return 0
        except BindFailed as failure:
            self._refused(failure)
            return wait_s(failure.failure, self._backoff.next_s())
        except NotTried as hindrance:
            self._hindered(str(hindrance))
            return hindrance.retry_after_s or self._backoff.next_s()
        finally:
            await self._lease.release()
        return self._backoff.next_s()

    async def _bind(self) -> None:
        self._over.clear()
        self._part_by = math.inf
        modes = self._links.next_modes()
        await self._take_lease(len(modes))
        await self._connect(modes)
        self.is_bound, self.bound_since, self.last_error = True, time.time(), ""
        self._count(CommandStatus.ESME_ROK.name)
        if not self._over.is_set():
            self._carries = True
            log_event(log, logging.INFO, "session_bound", mode=self._links.mode, **self._where())
            self._traffic.bound(self._links.mode)

    async def _take_lease(self, binds: int) -> None:
        try:
            await self._lease.take(self._operator, binds)
        except LeaseDenied as denial:
            raise NotTried(str(denial), denial.retry_after_s) from None
        self._lease.configure(self._operator)  # which may have changed while Redis was asked

    async def _connect(self, modes: Modes) -> None:
        """Raises NotTried, with every link closed, when we are to leave before we are in."""
        try:
            async with asyncio.timeout(0 if self._over.is_set() else None) as self._attempt:
                credentials = await self._newest_credentials()
                self._count_reconnect()
                await self._links.bind(modes, self._endpoint, credentials)
        except TimeoutError:
            raise NotTried(self._part_reason) from None
        except ClientCertificateUnusable as error:
            raise NotTried(f"no client certificate: {error}") from None
        finally:
            self._attempt = None

    async def _newest_credentials(self) -> Credentials:
        try:
            return await self.credentials.fetch()
        except (OperatorManagementUnavailable, OperatorUnknown) as error:
            raise NotTried(f"no credentials: {error}") from None

    async def _stay(self) -> None:
        bound_at = time.monotonic()
        await self._over.wait()
        self._backoff.lasted(time.monotonic() - bound_at)
        await self._leave(time.monotonic())

    async def _leave(self, since: float) -> None:
        while self.is_bound and not self._traffic.is_quiet(since) and time.monotonic() < self._part_by - PART_S:
            await asyncio.sleep(LOOK_S)
        if self.is_bound:
            transmitter = self._links.transmitter
            await self._links.unbind(min(time.monotonic() + PART_S, self._part_by))
            self._finish(self._part_reason, transmitter)

    def _refused(self, failure: BindFailed) -> None:
        self._count(failure.result)
        log_event(log, logging.WARNING, "bind_failed", str(failure), **self._where())
        self.last_error = str(failure)
        self._traffic.unbound(str(failure), endpoint_failed=True)

    def _hindered(self, reason: str) -> None:
        """Said once: a lease is asked for twice a second."""
        if reason != self.last_error and not self._stopped.is_set():
            log_event(log, logging.WARNING, "bind_not_tried", reason, **self._where())
            self.last_error = reason
            self._traffic.unbound(reason, endpoint_failed=False)

    def _withdraw(self, reason: str, *, endpoint_failed: bool) -> None:
        """No new submits from now on."""
        if self._carries:
            self._carries = False
            level = logging.INFO if self._stopped.is_set() else logging.WARNING
            log_event(log, level, "session_unbound", reason, **self._where())
            self._traffic.unbound(reason, endpoint_failed=endpoint_failed)

    def _finish(self, reason: str, transmitter: SmppLink | None) -> None:
        if self.is_bound:
            self.is_bound, self.bound_since, self.last_error = False, time.time(), reason
            self._traffic.links_gone(transmitter)
            self._over.set()

    async def _wait(self, delay_s: float) -> None:
        self._retry_at = time.monotonic() + delay_s
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), delay_s)

    def _count(self, result: str) -> None:
        self._counter(result).inc()

    def _counter(self, result: str) -> "Counter":
        return metrics.counter("smpp_binds_total", operator=self._operator.operator_id, result=result)

    def _count_reconnect(self) -> None:
        if self._has_connected:
            self._reconnects.inc()
        self._has_connected = True

    def _where(self) -> dict[str, str]:
        endpoint = self._endpoint
        return {
            "operator_id": self._operator.operator_id,
            "endpoint": endpoint.role.value,
            "address": endpoint.address,
        }
