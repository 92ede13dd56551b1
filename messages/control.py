"""Commands and facts of the mailboxes: parents steer children, children report. No SMS travels here."""

from typing import Any

from msgspec import Struct

from config.operators import OperatorConfig


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
    """Asks an actor, through the actor system itself, whether its mailbox and its loop still move."""


class Pong(Struct, frozen=True):
    name: str


class SessionAssignment(Struct, frozen=True):
    """What a SessionActor is to keep bound.

    endpoint: its number in operator.endpoints. transceiver_refused_at: when a session there was told that the SMSC does
    not know bind_transceiver, in monotonic seconds of this host.
    """

    operator: OperatorConfig
    endpoint: int
    transceiver_refused_at: float | None = None


class Reconfigure(Struct, frozen=True):
    """New settings of the operator that its actors take over without a new bind."""

    operator: OperatorConfig


class CheckCredentials(Struct, frozen=True):
    """There may be newer ones than those a session was bound with."""


class CredentialsChanged(Struct, frozen=True):
    """There are: the session is to be bound anew."""

    name: str


class AskPeer(Struct, frozen=True):
    """Ask the SMSC, on every link of the session, whether it lives."""


class PeerAnswered(Struct, frozen=True):
    """It has answered on every link."""

    name: str


class TransceiverUnknown(Struct, frozen=True):
    """To the SMSC. at: monotonic seconds of this host; the next process of the session is to know it, too."""

    name: str
    at: float


class SessionBound(Struct, frozen=True):
    name: str
    mode: str


class SessionUnbound(Struct, frozen=True):
    """It carries nothing now, or could not be bound: why, in words. endpoint_failed: the SMSC or the way to it."""

    name: str
    reason: str
    endpoint_failed: bool
