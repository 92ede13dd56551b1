"""One verdict per message, from the statuses of its segments."""

from collections.abc import Iterable

from messages.events import DeliveryStatus as Status

FINAL = frozenset(
    {
        Status.DELIVERED,
        Status.EXPIRED,
        Status.DELETED,
        Status.UNDELIVERABLE,
        Status.UNKNOWN,
        Status.REJECTED,
        Status.SKIPPED,
    }
)

# A message is as good as its worst segment: a handset shows nothing of a message with one part missing.
WORST_FIRST = (
    Status.REJECTED,
    Status.UNDELIVERABLE,
    Status.EXPIRED,
    Status.DELETED,
    Status.SKIPPED,
    Status.UNKNOWN,
    Status.ENROUTE,
    Status.ACCEPTED,
    Status.DELIVERED,
)


def is_final(status: Status) -> bool:
    """Whether a receipt with this status ends its segment (SMPP 3.4, 5.2.28: the final message states)."""
    return status in FINAL


def message_status(statuses: Iterable[Status]) -> Status:
    """The status of the whole message; a segment without a row yet is to be passed as ENROUTE."""
    present = set(statuses)
    return next(status for status in WORST_FIRST if status in present)
