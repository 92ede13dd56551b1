"""Parts of messages from handsets in JetStream, where every replica sees them, until they are put together.

Those that may belong together have a subject of their own, so that they are found without a search.
"""

import json
import logging
from hashlib import blake2b

import msgspec
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from adapters.nats.publisher import OutgoingEvent
from adapters.nats.streams import PARTS_STREAM, PARTS_SUBJECT
from adapters.telemetry.logs import log_event
from messages.lanes import InboundPart

KEY_BYTES = 16
DELETE_TIMEOUT_S = 5.0

log = logging.getLogger(__name__)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(InboundPart).decode


def outgoing_part(part: InboundPart) -> OutgoingEvent:
    """The part on its way into the stream."""
    return OutgoingEvent(_subject(part), part.delivery_id, _encode(part))


class PartsStream:
    """All calls raise OSError, TimeoutError or nats.errors.Error when the server can't do it now."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._jetstream = client.jetstream()

    async def read(self, subject: str) -> dict[int, InboundPart]:
        """The parts of a subject by their number in the stream, oldest first."""
        parts: dict[int, InboundPart] = {}
        number = 1
        while True:
            try:
                message = await self._jetstream.get_msg(PARTS_STREAM, seq=number, subject=subject, next=True)
            except NotFoundError:
                return parts
            number = (message.seq or number) + 1
            try:
                parts[number - 1] = _decode(message.data or b"")
            except msgspec.MsgspecError:
                log_event(log, logging.ERROR, "part_unreadable", stream_sequence=number - 1)

    async def delete(self, numbers: list[int]) -> None:
        """Without overwriting, which takes 5 ms and more; what is gone already is passed over."""
        for number in numbers:
            request = json.dumps({"seq": number, "no_erase": True}).encode()
            await self._client.request(f"$JS.API.STREAM.MSG.DELETE.{PARTS_STREAM}", request, timeout=DELETE_TIMEOUT_S)


def _subject(part: InboundPart) -> str:
    what_joins = "\0".join((part.source, part.to, str(part.reference), str(part.parts)))
    key = blake2b(what_joins.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).hexdigest()
    return f"{PARTS_SUBJECT}.{part.operator_id}.{key}"
