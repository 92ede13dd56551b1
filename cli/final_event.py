"""The final event of one message, awaited at NATS."""

import asyncio

import msgspec
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from messages.events import DeliveryStatus, DlrInboundEvent

GOOD_ENDS = frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.ACCEPTED})


async def final_status(events: Subscription, message_id: str, within_s: float) -> DeliveryStatus | None:
    """What became of the message, all segments taken together; None when the time is over or the connection is lost.

    events: those of sms.dlr.inbound, subscribed to before the message was published.
    """
    decoder = msgspec.json.Decoder(DlrInboundEvent)
    try:
        async with asyncio.timeout(within_s):
            while True:
                event = decoder.decode((await events.next_msg(timeout=None)).data)
                if event.message_id == message_id and event.final:
                    return event.message_status
    except (TimeoutError, NatsError):
        return None
