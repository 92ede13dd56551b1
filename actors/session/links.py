"""The links of one session: a transceiver, or a transmitter and a receiver together."""

import asyncio
import ssl
import time
from collections.abc import Callable

from actors.session.link import SmppLink, open_link
from adapters.smsc_tls import fault_words, tls_context
from config.operators import Credentials, Endpoint, OperatorConfig
from core.bind_modes import BindModes, Modes
from core.bind_refusals import BindFailure, NoAnswer, words
from smpp.bind import BindMode, BindRequest
from smpp.constants import status_name
from smpp.esme import EsmeConnection
from smpp.events import BindRefused, BindTimedOut, Bound, Event, Unbound
from smpp.session import BOUND

CONNECT_TIMEOUT_S = 10.0
PART_S = 1.0  # for the answer to an unbind, and the close
CLOSE_S = 0.25  # for what is written to leave, and for the end of TLS; then a link is reset
MAX_WINDOW = 10_000  # submit_sm, the largest that settings allow


class BindFailed(Exception):
    """The endpoint did not let us in. The message is in words for log, event and dump.

    failure: what to wait for. result: as a label.
    """

    def __init__(self, failure: BindFailure, detail: str = "") -> None:
        super().__init__(f"{words(failure)}: {detail}" if detail else words(failure))
        self.failure = failure
        self.result = failure.value if isinstance(failure, NoAnswer) else status_name(failure)


class TransceiverRefused(BindFailed):
    """The SMSC does not know bind_transceiver; the next bind is to be a transmitter and a receiver, at once."""


class SessionLinks:
    """Opens, binds and closes the links of a session; `on_lost` comes once when a bound session ends."""

    def __init__(
        self,
        operator: OperatorConfig,
        modes: BindModes,
        on_events: Callable[[SmppLink, list[Event]], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self._operator = operator
        self._on_events = on_events
        self._on_lost = on_lost
        self._links: list[SmppLink] = []
        self._answers: dict[SmppLink, asyncio.Future[Event]] = {}
        self._modes = modes
        self._is_bound = False
        self._asked: set[SmppLink] = set()
        self.transmitter: SmppLink | None = None

    def configure(self, operator: OperatorConfig) -> None:
        """New settings, for the next bind; the timers hold at once."""
        self._modes.configure(operator.bind.mode)
        self._operator = operator
        for link in self._links:
            link.connection.configure(operator.timers.response_s, operator.timers.enquire_link_s)
            link.flush()

    @property
    def mode(self) -> str:
        """The bind commands in use, as people say them: TRX, or TX+RX."""
        return "TRX" if len(self._links) == 1 else "TX+RX"

    @property
    def awaits_answer(self) -> bool:
        """Whether the SMSC has a bind or an unbind to answer."""
        return bool(self._answers)

    def next_modes(self) -> Modes:
        """For `bind`; each takes one of the operator's binds."""
        return self._modes.next(time.monotonic())

    async def bind(self, modes: Modes, endpoint: Endpoint, credentials: Credentials) -> None:
        """Raises BindFailed or ClientCertificateUnusable; every link is closed then, and when it is cancelled."""
        try:
            await self._bind_all(modes, endpoint, credentials)
            self._is_bound = True
        except BindFailed as refusal:
            if self._modes.refused(modes, refusal.failure, time.monotonic()):
                raise TransceiverRefused(refusal.failure) from None
            raise
        finally:
            if not self._is_bound:
                await self.unbind(time.monotonic() + PART_S)  # a transmitter that is in may wait for its receiver

    async def unbind(self, deadline: float) -> None:
        """Part in order: stop submits, go on reading, close when the SMSC has answered, or at the deadline (monotonic
        seconds)."""
        self._is_bound = False
        answers = [self._ask_to_part(link) for link in self._links if link.connection.state in BOUND]
        if answers:
            await asyncio.wait(answers, timeout=max(0.0, deadline - CLOSE_S - time.monotonic()))
        await self._abandon()

    def ask(self, now: float) -> None:
        """Whether the SMSC lives, on every link; one that ends before it answers ends the session."""
        self._asked = set(self._links) if self._is_bound else set()
        for link in self._asked:
            link.ask(now)

    def has_answered(self, link: SmppLink) -> bool:
        """Told of each answer to an enquire_link; whether it was the last that `ask` waited for."""
        if link not in self._asked:
            return False
        self._asked.discard(link)
        return not self._asked

    async def _bind_all(self, modes: Modes, endpoint: Endpoint, credentials: Credentials) -> None:
        tls = _tls_context(endpoint, credentials)
        for mode in modes:
            link = await self._open(endpoint, tls)
            self._links.append(link)
            await self._bind_one(link, mode, credentials)
            if mode is not BindMode.RECEIVER:
                self.transmitter = link
        if len(self._links) != len(modes):
            raise BindFailed(NoAnswer.LINK_LOST)

    async def _open(self, endpoint: Endpoint, tls: ssl.SSLContext | None) -> SmppLink:
        timers = self._operator.timers
        connection = EsmeConnection(
            window=MAX_WINDOW,  # the OperatorActor keeps to the operator's, which may change while the bind lasts
            response_s=timers.response_s,
            enquire_link_s=timers.enquire_link_s,
        )
        try:
            return await open_link(
                endpoint, tls, lambda: SmppLink(connection, self._received, self._link_lost), CONNECT_TIMEOUT_S
            )
        except TimeoutError:
            raise BindFailed(NoAnswer.CONNECT_FAILED, "timed out") from None
        except OSError as error:
            raise BindFailed(NoAnswer.CONNECT_FAILED, fault_words(error)) from None

    async def _bind_one(self, link: SmppLink, mode: BindMode, credentials: Credentials) -> None:
        bind = self._operator.bind
        request = BindRequest(
            mode=mode,
            system_id=credentials.system_id,
            password=credentials.password,
            system_type=bind.system_type,
            addr_ton=bind.addr_ton,
            addr_npi=bind.addr_npi,
            address_range=bind.address_range,
        )
        if link.closed.is_set():  # an SMSC, or a firewall, may close what it has just accepted
            raise BindFailed(NoAnswer.LINK_LOST, link.reason)
        self._answers[link] = asyncio.get_running_loop().create_future()
        link.connection.bind(request, time.monotonic())
        link.flush()
        answer = await self._answers[link]
        if isinstance(answer, BindRefused):
            raise BindFailed(answer.command_status)
        if isinstance(answer, BindTimedOut):
            raise BindFailed(NoAnswer.NOT_ANSWERED)
        if not isinstance(answer, Bound):
            raise BindFailed(NoAnswer.LINK_LOST, link.reason)

    def _ask_to_part(self, link: SmppLink) -> asyncio.Future[Event]:
        answer = self._answers[link] = asyncio.get_running_loop().create_future()
        link.connection.unbind(time.monotonic())
        link.flush()
        return answer

    def _received(self, link: SmppLink, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Bound | BindRefused | BindTimedOut | Unbound):
                self._settle(link, event)
        self._on_events(link, events)

    def _link_lost(self, link: SmppLink, reason: str) -> None:
        self._settle(link, Unbound(timed_out=True))
        if link not in self._links:
            return
        self._links.remove(link)
        if self._is_bound:
            self._is_bound = False
            for other in self._links:
                other.abort(reason)
            self._on_lost(reason)

    def _settle(self, link: SmppLink, event: Event) -> None:
        waiting = self._answers.pop(link, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(event)

    async def _abandon(self) -> None:
        """Close before another connect: two connections for one bind hit the operator's limit (field notes 13)."""
        links, self._links = self._links, []
        self.transmitter = None
        for link in links:
            link.close("closed by us")
        try:
            async with asyncio.timeout(CLOSE_S):
                await asyncio.gather(*(link.closed.wait() for link in links))
        except TimeoutError:
            pass  # what follows ends them
        finally:
            for link in links:
                link.abort("closed by us")


def _tls_context(endpoint: Endpoint, credentials: Credentials) -> ssl.SSLContext | None:
    try:
        return tls_context(endpoint, credentials)
    except (OSError, ValueError) as error:
        raise BindFailed(NoAnswer.CONNECT_FAILED, f"tls_ca_pem not usable: {fault_words(error)}") from None
