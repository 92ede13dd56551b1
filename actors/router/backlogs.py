"""How many dispatches wait in JetStream, of each operator: also of one that is bound nowhere and asks for nothing."""

import contextlib
from collections.abc import Iterable

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from adapters.nats.streams import waiting_dispatches
from adapters.telemetry import metrics

LOOK_EVERY_S = 15.0  # a question of 0.3 ms to NATS for each operator and replica


class Backlogs:
    """As the consumers say it. While NATS does not answer, its last word stands."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def look(self, operator_ids: Iterable[str]) -> None:
        with contextlib.suppress(NatsError, OSError):
            for operator_id in operator_ids:
                await self._look_at(operator_id)

    def forget(self, operator_id: str) -> None:
        """It is none of ours any more; what waits for it is for others to count."""
        self._show(operator_id, 0)

    async def _look_at(self, operator_id: str) -> None:
        with contextlib.suppress(APIError):  # an answer, if only that there is no such consumer
            self._show(operator_id, await waiting_dispatches(self._client, operator_id))

    def _show(self, operator_id: str, count: int) -> None:
        metrics.gauge("smpp_dispatch_pending", operator=operator_id).set(count)
