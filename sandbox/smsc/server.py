"""The simulated SMSC as a server: it listens, changes, acts and reports."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from sandbox.smsc.acts import Acts
from sandbox.smsc.character import Character, Listener, changed
from sandbox.smsc.exchange import Exchange
from sandbox.smsc.ledger import Ledger
from sandbox.smsc.record import Record
from sandbox.smsc.tls import TlsFiles

BACKLOG = 1024
"""Connections that may wait to be accepted."""

FAREWELL_S = 0.5
"""How long stop() waits for the answers to its unbinds, and then for the links to end."""


class SimulatedSmsc:
    """`port` 0 lets the kernel choose; `record` is a file that gets a line for each submit_sm, texts included."""

    def __init__(
        self,
        character: Character | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: TlsFiles | None = None,
        record: Path | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.ledger = Ledger()
        self._ssl = tls.context() if tls else None
        self._record = Record(record) if record else None
        self._exchange = Exchange(character or Character(), self.ledger, self._record)
        self._acts = Acts(self._exchange, self.ledger.mo)
        self._server: asyncio.Server | None = None

    @property
    def character(self) -> Character:
        """How it behaves now."""
        return self._exchange.character

    async def start(self) -> None:
        """Listen; OSError where the address cannot be had."""
        await self._open_listener()
        if self.character.listener is Listener.CLOSED:
            self._close_listener()

    async def stop(self) -> None:
        """Listen no more, unbind who is bound, and end every link."""
        self._close_listener()
        self.act("unbind")
        await _wait_while(self._is_anyone_bound)
        self.act("drop")
        await _wait_while(lambda: bool(self._exchange.links))
        self.act("reset")  # who does not read, does not let go
        self._exchange.stop()
        if self._record is not None:
            self._record.close()

    async def change(self, **traits: object) -> Character:
        """Behave otherwise from now on; BadTraits, with every problem, and no change where one is wrong."""
        character = changed(self.character, traits)
        self._exchange.become(character)
        if character.listener is Listener.CLOSED:
            self._close_listener()
        elif self._server is None:
            await self._open_listener()
        return character

    def act(self, name: str, **details: object) -> int:
        """Do something at once, see `acts`; how many links or parts it came to. BadAct, BadTraits."""
        return self._acts.do(name, details)

    def report(self) -> dict[str, object]:
        """What it saw until now; a record is written up to here too."""
        if self._record is not None:
            self._record.flush()
        return self.ledger.report()

    async def _open_listener(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            self._exchange.new_link, self.host, self.port, ssl=self._ssl, backlog=BACKLOG
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def _close_listener(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _is_anyone_bound(self) -> bool:
        return any(link.mode is not None and not link.silent for link in self._exchange.links)


async def _wait_while(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + FAREWELL_S
    while condition() and monotonic() < deadline:
        await asyncio.sleep(0.001)
