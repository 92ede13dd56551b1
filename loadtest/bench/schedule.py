"""Messages on an exact schedule that waits for nobody (an open workload)."""

import asyncio
from time import monotonic, time_ns
from typing import NamedTuple

from nats.js import JetStreamContext
from nats.js.api import PubAck

from loadtest.bench.filling import CONFIRM_TIMEOUT_S, operator_of, publish


class Published(NamedTuple):
    """When each message was published (epoch nanoseconds), how late at most, and the answers still to come."""

    at_ns: list[int]
    late_s: float
    stored: list[asyncio.Future[PubAck]]

    async def confirmed(self) -> None:
        """Wait until JetStream has stored them all; TimeoutError, nats.errors.Error."""
        async with asyncio.timeout(CONFIRM_TIMEOUT_S):
            await asyncio.gather(*self.stored)

    async def unconfirmed(self) -> int:
        """How many JetStream does not say to have stored; it may have stored them all the same."""
        open_ones = [stored for stored in self.stored if not stored.done()]
        if open_ones:
            await asyncio.wait(open_ones, timeout=CONFIRM_TIMEOUT_S)
        return sum(not stored.done() or stored.exception() is not None for stored in self.stored)


async def publish_evenly(
    jetstream: JetStreamContext, operator_ids: list[str], messages: int, rate_tps: float
) -> Published:
    """Messages 0 to `messages` - 1, one every 1 / rate_tps seconds; one that is late does not move those after it."""
    published = Published([], 0.0, [])
    late_s = 0.0
    first_due = monotonic()
    for number in range(messages):
        due = first_due + number / rate_tps
        await asyncio.sleep(max(0.0, due - monotonic()))
        late_s = max(late_s, monotonic() - due)
        published.at_ns.append(time_ns())
        published.stored.append(await publish(jetstream, operator_of(operator_ids, number), number))
    return published._replace(late_s=late_s)
