"""Acknowledgements of JetStream messages: each is a publish to the message's reply subject, from any process.

Source: NATS ADR-15, JetStream acknowledgement kinds.
"""

import json
from collections.abc import Iterable

from nats.aio.client import Client
from nats.errors import Error as NatsError

ACK = b"+ACK"
IN_PROGRESS = b"+WPI"


async def acknowledge(client: Client, replies: Iterable[str]) -> bool:
    """Done with these. False: not all could be written; JetStream will deliver those again."""
    return await _publish(client, replies, ACK)


async def keep(client: Client, replies: Iterable[str]) -> bool:
    """Still at work on these: their ack_wait begins anew. What is settled is passed over by the server."""
    return await _publish(client, replies, IN_PROGRESS)


async def give_back(client: Client, replies: Iterable[str], delay_s: float) -> bool:
    """To be delivered again, to anyone, not before delay_s."""
    return await _publish(client, replies, b"-NAK " + json.dumps({"delay": int(delay_s * 1e9)}).encode())


async def _publish(client: Client, replies: Iterable[str], body: bytes) -> bool:
    try:
        for reply in replies:
            await client.publish(reply, body)
    except (NatsError, OSError):
        return False
    return True
