"""A relay between an ESME and an SMSC that keeps every submit_sm as it was on the wire."""

import asyncio
from collections.abc import Callable

from smpp.constants import CommandId
from smpp.framing import FrameBuffer, parse_header
from smpp.hot import ShortMessage, decode_short_message

READ_BYTES = 65_536
LOOPBACK = "127.0.0.1"


class Wiretap:
    """Passes on what it reads, unchanged, and an end of either side to the other."""

    def __init__(self) -> None:
        self.port = 0
        self.submitted: list[ShortMessage] = []

    async def start(self, smsc_port: int) -> None:
        self._smsc_port = smsc_port
        self._server = await asyncio.start_server(self._relay, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()

    async def _relay(self, from_esme: asyncio.StreamReader, to_esme: asyncio.StreamWriter) -> None:
        try:
            from_smsc, to_smsc = await asyncio.open_connection(LOOPBACK, self._smsc_port)
        except OSError:
            to_esme.close()
            return
        frames = FrameBuffer()
        await asyncio.gather(
            _pass_on(from_esme, to_smsc, lambda data: self._keep(frames.feed(data))),
            _pass_on(from_smsc, to_esme, lambda _data: None),
        )

    def _keep(self, pdus: list[bytes]) -> None:
        self.submitted += [decode_short_message(pdu) for pdu in pdus if parse_header(pdu)[1] == CommandId.SUBMIT_SM]


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, keep: Callable[[bytes], None]) -> None:
    try:
        while data := await reader.read(READ_BYTES):
            keep(data)
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
