"""One place where an operator can be reached: a simulated SMSC behind a link proxy, both in the background loop."""

from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from background_loop import BackgroundLoop
from simulated_operator import PASSWORD, SYSTEM_ID
from waiting import wait_until

from sandbox.link_proxy import LinkProxy
from sandbox.process import LOOPBACK
from sandbox.smsc.character import Character, changed
from sandbox.smsc.server import SimulatedSmsc
from sandbox.smsc.tls import TlsFiles

SEEN_S = 15.0

Details = ParamSpec("Details")
Result = TypeVar("Result")


class Site:
    """Use it with `with`; traits are those of sandbox.smsc.character."""

    def __init__(
        self,
        loop: BackgroundLoop,
        *,
        tls: TlsFiles | None = None,
        host: str = LOOPBACK,
        port: int = 0,
        record: Path | None = None,
        **traits: object,
    ) -> None:
        """host, port: where the SMSC itself listens, for those who come without the proxy; 0: any.

        record: a file for a line of each submit_sm (sandbox.smsc.record); `report` writes it up to there.
        """
        character = changed(Character(logins=((SYSTEM_ID, PASSWORD),)), traits)
        self.smsc = SimulatedSmsc(character, host, port, tls=tls, record=record)
        self._loop = loop
        self._running = AsyncExitStack()

    def __enter__(self) -> Self:
        self._loop.run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self._running.aclose())

    @property
    def port(self) -> int:
        """Of the link proxy."""
        return self._proxy.port

    # What happens to its links and to the SMSC.

    def link(
        self, fault: Callable[Concatenate[LinkProxy, Details], Result], *args: Details.args, **kwargs: Details.kwargs
    ) -> Result:
        """Do this to the link proxy, e.g. `site.link(LinkProxy.stall)`."""
        return self._loop.call(lambda: fault(self._proxy, *args, **kwargs))

    def resume_links(self) -> None:
        self._loop.run(self._proxy.resume())

    def go_down(self) -> None:
        """As a host that dies: every link is reset, and new ones are refused."""
        self.link(LinkProxy.refuse)
        self.link(LinkProxy.reset)

    def change(self, **traits: object) -> None:
        self._loop.run(self.smsc.change(**traits))

    def act(self, name: str, **details: object) -> int:
        return self._loop.call(lambda: self.smsc.act(name, **details))

    # What it saw.

    def report(self) -> dict[str, Any]:
        """See sandbox.smsc.ledger."""
        return self._loop.call(self.smsc.report)

    @property
    def binds(self) -> dict[str, Any]:
        """Of its report: `now`, `highest`, `total`, `total_by_mode`, `refused` and more."""
        found: dict[str, Any] = self.report()["binds"]
        return found

    @property
    def submits(self) -> int:
        """submit_sm received."""
        received: int = self.report()["submits"]["received"]
        return received

    @property
    def markers(self) -> Counter[int]:
        """How often it accepted the text that begins with #0, #1 and so on."""
        return self._loop.call(lambda: Counter(self.smsc.ledger.sightings.markers))

    @property
    def opened_at(self) -> list[float]:
        """When the service connected, in monotonic seconds."""
        return self.link(lambda proxy: list(proxy.opened_at))

    @property
    def most_links(self) -> int:
        """How many connections of the service there were at a time."""
        return self.link(lambda proxy: proxy.most_links)

    def wait_for_binds(self, number: int, within_s: float = SEEN_S) -> None:
        """Until so many are up."""
        wait_until(lambda: self.binds["now"] == number, within_s, f"{number} binds at the SMSC")

    def wait_for_submits(self, number: int, within_s: float = SEEN_S) -> None:
        """Until it has received so many submit_sm."""
        wait_until(lambda: self.submits >= number, within_s, f"{number} submit_sm at the SMSC")

    async def _start(self) -> None:
        await self.smsc.start()
        self._running.push_async_callback(self.smsc.stop)
        self._proxy = await self._running.enter_async_context(LinkProxy(self.smsc.port, self.smsc.host))
