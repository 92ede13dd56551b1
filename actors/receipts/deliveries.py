"""Deliveries of sessions on their way to being safe, and the word back to the sessions once they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from actors.runtime.lanes import LaneConnection
from messages.lanes import InboundPart, InboundReceipt, InboundSettled

Item = TypeVar("Item", InboundReceipt, InboundPart)


@dataclass(slots=True)
class Frame:
    """One InboundBatch; it is confirmed to its session when nothing of it is open."""

    connection: LaneConnection
    number: int
    open: int


@dataclass(slots=True)
class Waiting(Generic[Item]):
    """One delivery that is not safe yet. retry_at: monotonic seconds."""

    frame: Frame
    item: Item
    tries: int = 0
    retry_at: float = 0.0


def settle(done: Iterable[Waiting[InboundReceipt]] | Iterable[Waiting[InboundPart]]) -> None:
    """These are safe: their sessions may answer the SMSC."""
    keys: dict[LaneConnection, list[int]] = {}
    frames: dict[LaneConnection, list[int]] = {}
    for one in done:
        frame = one.frame
        keys.setdefault(frame.connection, []).append(one.item.key)
        frame.open -= 1
        if not frame.open:
            frames.setdefault(frame.connection, []).append(frame.number)
    for connection, safe in keys.items():
        connection.send(InboundSettled(safe, []))
    for connection, numbers in frames.items():
        connection.confirm(numbers)
