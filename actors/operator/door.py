"""Whether a dispatch is the first with its message_id: asked of Redis, one call for all that have come meanwhile."""

import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple

from actors.runtime.surroundings import surroundings
from adapters.redis_seen import SeenMessages, SeenUnavailable
from adapters.telemetry.logs import log_event
from messages.ack_subject import stream_sequence
from messages.dispatch import Dispatch
from messages.lanes import DispatchItem

UNASKED_S = 2.0  # after a call without an answer nobody is asked for so long, so that messages do not wait for it

Spawn = Callable[[Coroutine[Any, Any, None]], object]

log = logging.getLogger(__name__)


class Arrival(NamedTuple):
    """A dispatch as it came. first: number in the stream of another one that had its message_id before; 0: none."""

    item: DispatchItem
    dispatch: Dispatch
    first: int = 0


class Door:
    """Hands arrivals on in their order, once it is known. Without Redis nothing is known, and all count as first."""

    def __init__(self, operator_id: str, known: Callable[[list[Arrival]], None], spawn: Spawn) -> None:
        """known: gets them, with `first` filled in. spawn: runs a coroutine."""
        self._operator_id = operator_id
        self._known = known
        self._spawn = spawn
        self._seen = SeenMessages(surroundings().settings.redis_url, operator_id)
        self._waiting: list[Arrival] = []
        self._asked: list[Arrival] = []
        self._unasked_until = 0.0

    @property
    def waiting(self) -> list[Arrival]:
        """Those of which nothing is known yet."""
        return self._asked + self._waiting

    def enter(self, arrivals: Sequence[Arrival]) -> None:
        self._waiting += arrivals
        if self._waiting and not self._asked:
            self._asked, self._waiting = self._waiting, []
            self._spawn(self._ask())

    def close(self) -> list[Arrival]:
        """Those that waited, of which nothing will be said any more."""
        left, self._asked, self._waiting = self.waiting, [], []
        return left

    async def _ask(self) -> None:
        while self._asked:
            firsts = await self._firsts(self._asked)
            known = [one._replace(first=first) for one, first in zip(self._asked, firsts, strict=False)]
            self._asked, self._waiting = self._waiting, []
            self._known(known)

    async def _firsts(self, arrivals: Sequence[Arrival]) -> list[int]:
        numbers = [stream_sequence(one.item.reply) for one in arrivals]
        ids = [one.dispatch.message_id for one in arrivals]
        if time.monotonic() >= self._unasked_until:
            try:
                firsts = await self._seen.first_numbers(ids, numbers)
            except SeenUnavailable as error:
                self._unasked_until = time.monotonic() + UNASKED_S
                log_event(log, logging.WARNING, "repeats_not_seen", str(error), operator_id=self._operator_id)
            else:
                return [0 if first == number else first for first, number in zip(firsts, numbers, strict=True)]
        return [0] * len(arrivals)
