"""The only two errors that what a peer sends may cause."""


class PduError(Exception):
    """A whole PDU that cannot be used, but can be answered; the stream goes on behind it.

    `command_status` is what to answer with: the response of `command_id`, or a generic_nack where
    that is unknown. `reason` never holds an address, a text or a password.
    """

    def __init__(self, command_id: int, command_status: int, sequence_number: int, reason: str) -> None:
        super().__init__(command_id, command_status, sequence_number, reason)
        self.command_id = command_id
        self.command_status = command_status
        self.sequence_number = sequence_number
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class StreamError(Exception):
    """Where the next PDU begins is lost: the link must be closed.

    `frames` are the whole PDUs that came before the break and still have to be processed.
    """

    def __init__(self, reason: str, frames: tuple[bytes, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.frames = frames
