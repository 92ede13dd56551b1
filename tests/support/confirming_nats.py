"""NATS as far as a publisher sees it: every event is stored at once, and can be looked at."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple


class Published(NamedTuple):
    subject: str
    payload: bytes
    headers: dict[str, str]


@dataclass
class Confirmation:
    """What JetStream answers."""

    subject: str
    data: bytes = b'{"stream": "SMS_EVENTS", "seq": 1}'


class ConfirmingNats:
    """In place of a nats.aio.client.Client."""

    def __init__(self) -> None:
        self.published: list[Published] = []
        self._confirm: Callable[[Any], Awaitable[None]] | None = None

    def new_inbox(self) -> str:
        return "_INBOX.1"

    async def subscribe(self, subject: str, *, cb: Callable[[Any], Awaitable[None]], **limits: int) -> None:
        self._confirm = cb

    async def publish(self, subject: str, payload: bytes, *, reply: str, headers: dict[str, str]) -> None:
        self.published.append(Published(subject, payload, headers))
        assert self._confirm is not None
        await self._confirm(Confirmation(reply))
