"""Acknowledgements of JetStream messages: each is a publish to the message's reply subject, from any process.

Source: NATS ADR-15, JetStream acknowledgement kinds.
"""

import json
from collections.abc import Iterable

from nats.aio.client import Client
from nats.errors import Error as NatsError

ACK = b"+ACK"


async def acknowledge(client: Client, replies: Iterable[str]) -> bool:
    """Done with these. False: not all could be written; JetStream will deliver those again."""
    try:
        for reply in replies:
            await client.publish(reply, ACK)
    except (NatsError, OSError):
        return False
    return True


async def give_back(client: Client, replies: Iterable[str], delay_s: float) -> bool:
    """To be delivered again, to anyone, not before delay_s."""
    body = b"-NAK " + json.dumps({"delay": int(delay_s * 1e9)}).encode()
    try:
        for reply in replies:
            await client.publish(reply, body)
    except (NatsError, OSError):
        return False
    return True
