"""References for long messages from Redis: those that come while a call is under way go together into the next."""

from collections.abc import Callable, Sequence

from actors.operator.door import Spawn
from actors.runtime.surroundings import surroundings
from adapters.redis_references import RedisReferences, ReferencesUnavailable
from core.intake import Taken

MOST_AT_ONCE = 500

Numbered = Callable[[Sequence[tuple[Taken, int]]], None]


class ReferenceSource:
    """Gives each message a reference, without Redis one of its own."""

    def __init__(self, numbered: Numbered, spawn: Spawn) -> None:
        """numbered: gets them. spawn: runs a coroutine."""
        self._numbered = numbered
        self._spawn = spawn
        self._references = RedisReferences(surroundings().settings.redis_url)
        self._waiting: list[Taken] = []
        self._asked: list[Taken] = []
        self._asking = False

    @property
    def waiting(self) -> list[Taken]:
        """Messages without a reference yet."""
        return self._asked + self._waiting

    def close(self) -> None:
        """Those that waited get none any more."""
        self._asked, self._waiting = [], []

    def number(self, taken: Taken) -> None:
        self._waiting.append(taken)
        if not self._asking:
            self._asking = True
            self._spawn(self._number_all())

    async def _number_all(self) -> None:
        while self._waiting:
            asked = self._asked = self._waiting[:MOST_AT_ONCE]
            self._waiting = self._waiting[MOST_AT_ONCE:]
            references = await self._references_of(asked)
            if self._asked is asked:  # else closed meanwhile
                self._asked = []
                self._numbered(list(zip(asked, references, strict=True)))
        self._asking = False

    async def _references_of(self, batch: Sequence[Taken]) -> list[int]:
        try:
            return await self._references.next_references([taken.dispatch.to.removeprefix("+") for taken in batch])
        except ReferencesUnavailable:
            return [taken.own_reference for taken in batch]
