"""How a session binds: as a transceiver or, where the SMSC does not know that, as a transmitter and a receiver.

Source: SMPP 3.4, 2.2 and 4.1.5; bind_transceiver is new in 3.4, and an older SMSC answers it with ESME_RINVCMDID.
"""

from config.operators import ConfiguredBindMode
from core.bind_refusals import BindFailure
from smpp.bind import BindMode
from smpp.constants import CommandStatus

REFUSAL_KEPT_S = 24 * 3600.0  # an SMSC may learn bind_transceiver; ask once a day

TRANSCEIVER = (BindMode.TRANSCEIVER,)
PAIR = (BindMode.TRANSMITTER, BindMode.RECEIVER)

Modes = tuple[BindMode, ...]


class BindModes:
    """Remembers that an SMSC does not know bind_transceiver. Times in monotonic seconds.

    refused_at: when another session was told so there.
    """

    def __init__(self, configured: ConfiguredBindMode, refused_at: float | None = None) -> None:
        self._configured = configured
        self._refused_at = refused_at

    def configure(self, configured: ConfiguredBindMode) -> None:
        """What was remembered holds until the setting changes."""
        if configured is not self._configured:
            self._refused_at = None
        self._configured = configured

    def next(self, now: float) -> Modes:
        """One link of each is to be bound, in this order."""
        if self._configured is ConfiguredBindMode.TRANSMITTER_RECEIVER or self._is_refusal_kept(now):
            return PAIR
        return TRANSCEIVER

    def refused(self, modes: Modes, failure: BindFailure, now: float) -> bool:
        """Whether a bind in these modes that failed so is to be made as a pair, at once."""
        is_unknown = modes == TRANSCEIVER and failure == CommandStatus.ESME_RINVCMDID
        if not is_unknown or self._configured is not ConfiguredBindMode.AUTO:
            return False
        self._refused_at = now
        return True

    def _is_refusal_kept(self, now: float) -> bool:
        return self._refused_at is not None and now - self._refused_at < REFUSAL_KEPT_S
