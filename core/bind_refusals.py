"""What a bind that failed means, in words, and how long to wait before the next: one table. Source: SMPP 3.4, 5.1.3.

Credentials are fetched before each bind, so that a wait after refused ones ends with the newest.
"""

from dataclasses import dataclass
from enum import Enum

from smpp.constants import CommandStatus as Status
from smpp.constants import status_name

STALE_BIND_S = 30.0  # an SMSC sees by its own timer, in up to minutes, that our old link is dead (jsmpp #54)
LOCKOUT_S = 60.0  # refused logins in a row get an account locked, and then only the operator can help
BUSY_S = 10.0


class NoAnswer(Enum):
    """Binds that failed without a bind_resp."""

    CONNECT_FAILED = "connect failed"
    NOT_ANSWERED = "bind not answered"
    LINK_LOST = "link lost while binding"


BindFailure = int | NoAnswer
"""The command_status of the bind_resp, or why there was none."""


@dataclass(frozen=True)
class Meaning:
    """What people read, and the least wait; the backoff decides where it is longer."""

    words: str
    least_s: float = 0.0


MEANINGS: dict[BindFailure, Meaning] = {
    Status.ESME_RALYBND: Meaning("the SMSC still holds our old bind", STALE_BIND_S),
    Status.ESME_RBINDFAIL: Meaning("the SMSC gives no cause"),
    Status.ESME_RINVPASWD: Meaning("password refused", LOCKOUT_S),
    Status.ESME_RINVSYSID: Meaning("system_id refused", LOCKOUT_S),
    Status.ESME_RINVSYSTYP: Meaning("system_type refused"),
    Status.ESME_RINVCMDID: Meaning("the SMSC does not know this bind command"),
    Status.ESME_RTHROTTLED: Meaning("the SMSC takes no more binds for now", BUSY_S),
    Status.ESME_RMSGQFUL: Meaning("the SMSC is overloaded", BUSY_S),
    Status.ESME_RSYSERR: Meaning("fault of the SMSC"),
}
"""What has no row waits for the backoff, and a status goes by its name."""

_OTHER = Meaning("")


def wait_s(failure: BindFailure, backoff_s: float) -> float:
    """Seconds until the next bind; backoff_s: what the backoff says."""
    return max(backoff_s, MEANINGS.get(failure, _OTHER).least_s)


def words(failure: BindFailure) -> str:
    """For log, event and dump, e.g. "bind refused: ESME_RALYBND, the SMSC still holds our old bind"."""
    if isinstance(failure, NoAnswer):
        return failure.value
    meaning = MEANINGS.get(failure, _OTHER).words
    return f"bind refused: {status_name(failure)}" + (f", {meaning}" if meaning else "")
