"""The events that the service has published, read from their stream over connections of the moment.

A lasting subscription would need healing of its own when NATS goes away.
"""

import json
from collections.abc import Sequence
from typing import Any

import nats
from background_loop import BackgroundLoop
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from platform_side import DEAD, DLR, Event

from adapters.nats.streams import DISPATCH_STREAM, EVENTS_STREAM
from sandbox.stack import Stack

MOST_AT_ONCE = 1000
READ_S = 5.0


class EventLog:
    """dlr: the sms.dlr.inbound events of each message_id, as far as `read` has come; dead: all sms.dead.dispatch."""

    def __init__(self, loop: BackgroundLoop, stack: Stack) -> None:
        self.dlr: dict[str, list[Event]] = {}
        self.dead: list[Event] = []
        self._loop = loop
        self._environment = stack.environment
        self._next = 1

    def read(self) -> None:
        """All that there is by now."""
        self._loop.run(self._with_client(self._read))

    def unsettled(self, operator_ids: Sequence[str]) -> int:
        """Dispatches that are still in the stream."""
        return self._loop.run(self._with_client(self._count_unsettled, operator_ids))

    async def _with_client(self, work: Any, *arguments: Any) -> Any:
        client = await nats.connect(self._environment["NATS_URL"], nkeys_seed=self._environment["NATS_NKEY_SEED_FILE"])
        try:
            return await work(client, *arguments)
        finally:
            await client.close()

    async def _count_unsettled(self, client: Client, operator_ids: Sequence[str]) -> int:
        jetstream = client.jetstream()
        infos = [await jetstream.consumer_info(DISPATCH_STREAM, f"smpp-{operator_id}") for operator_id in operator_ids]
        return sum((info.num_pending or 0) + (info.num_ack_pending or 0) for info in infos)

    async def _read(self, client: Client) -> None:
        jetstream = client.jetstream()
        last = (await jetstream.stream_info(EVENTS_STREAM)).state.last_seq
        if last < self._next:
            return
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=self._next
        )
        subscription = await jetstream.pull_subscribe("", stream=EVENTS_STREAM, config=config)
        while self._next <= last:
            for message in await subscription.fetch(min(MOST_AT_ONCE, last + 1 - self._next), READ_S):
                self._next = message.metadata.sequence.stream + 1
                self._keep(message.subject, json.loads(message.data))

    def _keep(self, subject: str, event: Event) -> None:
        if subject == DLR:
            self.dlr.setdefault(event["message_id"], []).append(event)
        elif subject == DEAD:
            self.dead.append(event)
