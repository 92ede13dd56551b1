"""Commands and facts of the mailboxes: parents steer children, children report. No SMS travels here."""

from typing import Any

from msgspec import Struct


class Start(Struct, frozen=True):
    """First command to a new actor. name: unique in the service. argument: what this kind of actor needs."""

    name: str
    restarts: int
    argument: Any = None


class Started(Struct, frozen=True):
    name: str
    pid: int


class Drain(Struct, frozen=True):
    """Finish what is under way and report Drained. deadline: monotonic seconds of this host."""

    deadline: float


class Drained(Struct, frozen=True):
    name: str


class Ping(Struct, frozen=True):
    """Asks the root supervisor, through the actor system itself, whether mailboxes still move."""


class Pong(Struct, frozen=True):
    pass


class Reconfigure(Struct, frozen=True):
    """New settings of an operator that need no new sessions."""

    config: Any


class Bind(Struct, frozen=True):
    """Bring the session up on this endpoint and keep it there."""

    endpoint: int


class SessionBound(Struct, frozen=True):
    name: str
    endpoint: int
    mode: str


class SessionUnbound(Struct, frozen=True):
    name: str
    reason: str
