"""A relay between an ESME and an SMSC that keeps what was said of messages, as it was on the wire."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from smpp.constants import CommandId
from smpp.framing import FrameBuffer, parse_header
from smpp.hot import ShortMessage, decode_short_message, decode_submit_sm_resp

READ_BYTES = 65_536
LOOPBACK = "127.0.0.1"


class Answered(NamedTuple):
    """A submit_sm and what the SMSC said to it."""

    message: ShortMessage
    sequence_number: int
    command_status: int
    smsc_message_id: str


class Wiretap:
    """Passes on what it reads, unchanged, and an end of either side to the other."""

    def __init__(self) -> None:
        self.port = 0
        self.submitted: list[ShortMessage] = []
        self.answered: list[Answered] = []
        self.deliver_answers: dict[int, int] = {}
        """command_status of each deliver_sm_resp and data_sm_resp, by its sequence_number."""

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
        conversation = _Conversation(self)
        await asyncio.gather(
            _pass_on(from_esme, to_smsc, conversation.esme_said), _pass_on(from_smsc, to_esme, conversation.smsc_said)
        )


class _Conversation:
    """Puts the submits of one connection together with their answers."""

    def __init__(self, tap: Wiretap) -> None:
        self._tap = tap
        self._from_esme, self._from_smsc = FrameBuffer(), FrameBuffer()
        self._unanswered: dict[int, ShortMessage] = {}

    def esme_said(self, data: bytes) -> None:
        for pdu in self._from_esme.feed(data):
            header = parse_header(pdu)
            if header.command_id == CommandId.SUBMIT_SM:
                message = decode_short_message(pdu)
                self._tap.submitted.append(message)
                self._unanswered[header.sequence_number] = message
            elif header.command_id in (CommandId.DELIVER_SM_RESP, CommandId.DATA_SM_RESP):
                self._tap.deliver_answers[header.sequence_number] = header.command_status

    def smsc_said(self, data: bytes) -> None:
        for pdu in self._from_smsc.feed(data):
            header = parse_header(pdu)
            if header.command_id == CommandId.SUBMIT_SM_RESP:
                message = self._unanswered.pop(header.sequence_number)
                answer = Answered(message, header.sequence_number, header.command_status, decode_submit_sm_resp(pdu))
                self._tap.answered.append(answer)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: Callable[[bytes], None]) -> None:
    try:
        while data := await reader.read(READ_BYTES):
            note(data)
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # the end of either side is the end of both
    finally:
        writer.close()
