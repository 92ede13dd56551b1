"""Which dispatch was the first with its message_id: remembered in Redis for two days at least, 16 octets a message."""

from collections.abc import Sequence
from hashlib import blake2b
from importlib import resources
from typing import cast

from adapters.redis_client import answer_within, open_client

DEADLINE_S = 0.5
KEY = "smpp:seen:{seen}"
ID_BYTES = 8  # of a hash; at 20 million messages one in a million million is taken for another, and then looked up
MOST_A_DAY = 20_000_000  # messages of all operators, 330 MB; a bound for Redis' memory
SCRIPT = resources.files("adapters").joinpath("redis_seen.lua").read_text("utf-8")


class SeenUnavailable(Exception):
    """Redis did not answer in time, or has no room."""


class SeenMessages:
    """For one operator and one event loop."""

    def __init__(
        self, url: str, operator_id: str, *, deadline_s: float = DEADLINE_S, most_a_day: int = MOST_A_DAY
    ) -> None:
        self._client = open_client(url)
        self._first_numbers = self._client.register_script(SCRIPT)
        self._operator = f"{operator_id}\0".encode()
        self._deadline_s = deadline_s
        self._most_a_day = most_a_day

    async def first_numbers(self, message_ids: Sequence[str], numbers: Sequence[int]) -> list[int]:
        """Of each message the number in the stream of the first dispatch with its message_id, its own if it is that.

        numbers: of these dispatches, in the order of message_ids. Raises SeenUnavailable, on time.
        """
        ids = b"".join([self._id(message_id) for message_id in message_ids])
        call = self._first_numbers(keys=[KEY], args=[ids, self._most_a_day, *numbers])
        return cast(list[int], await answer_within(self._deadline_s, call, SeenUnavailable))

    async def close(self) -> None:
        """End the connection."""
        await self._client.aclose()

    def _id(self, message_id: str) -> bytes:
        return blake2b(self._operator + message_id.encode(), digest_size=ID_BYTES).digest()
