"""An SMSC that says what a test writes, octet by octet: for what the simulator does not do, or does by itself.

It accepts connections and does nothing else; test and SMSC exchange whole PDUs.
"""

import asyncio
from types import TracebackType
from typing import Self

from background_loop import BackgroundLoop

from sandbox.process import LOOPBACK, reserve_port
from smpp.bind import BindMode, encode_bind_resp
from smpp.constants import CommandId
from smpp.framing import FrameBuffer, Header, parse_header

HEARD_S = 10.0
READ_BYTES = 4096


class BareSmsc:
    """Use it with `with`. There is one link at a time that counts: the newest."""

    def __init__(self, loop: BackgroundLoop) -> None:
        self._loop = loop
        self._reservation = reserve_port()
        self.port: int = self._reservation.getsockname()[1]

    def __enter__(self) -> Self:
        self._loop.run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self._stop())
        self._reservation.close()

    def say(self, pdu: bytes) -> None:
        """Write octets to the link."""
        self._loop.run(self._say(pdu))

    def hear(self, within_s: float = HEARD_S) -> bytes:
        """The next PDU of the service; b"" when it has ended the link; TimeoutError."""
        return self._loop.run(self._heard.get(), within_s)

    def hear_of(self, command: CommandId, within_s: float = HEARD_S) -> Header:
        """The header of the next PDU, which must be this one."""
        header = parse_header(self.hear(within_s))
        assert CommandId(header.command_id) is command
        return header

    def accept_bind(self) -> None:
        """Answer the bind that comes next."""
        header = parse_header(self.hear())
        self.say(encode_bind_resp(BindMode(header.command_id), header.sequence_number, "bare"))

    async def _start(self) -> None:
        self._heard: asyncio.Queue[bytes] = asyncio.Queue()
        self._writers: list[asyncio.StreamWriter] = []
        self._server = await asyncio.start_server(self._listen, LOOPBACK, self.port)

    async def _stop(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()

    async def _say(self, pdu: bytes) -> None:
        self._writers[-1].write(pdu)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        frames = FrameBuffer()
        while data := await reader.read(READ_BYTES):
            for pdu in frames.feed(data):
                self._heard.put_nowait(pdu)
        self._heard.put_nowait(b"")
