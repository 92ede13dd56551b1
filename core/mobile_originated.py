"""Messages from handsets: parts put together, and the event of what came.

Parts wait in memory, and unanswered to the SMSC, which so keeps them until their event is out. What is not complete in
time is published as it came: a part alone is worth more than nothing.
"""

from dataclasses import dataclass, field

from core.wall_clock import rfc3339
from messages.events import MoInboundEvent
from messages.lanes import InboundPart
from smpp.text import Encoding, decode_text

COMPLETE_WITHIN_S = 5.0  # below the time in which a session must answer a deliver_sm

PartKey = tuple[str, str, str, int, int]  # operator, from, to, reference, number of parts


@dataclass(slots=True)
class _Open:
    deadline: float
    parts: dict[int, list[InboundPart]] = field(default_factory=dict)


class PartsJoiner:
    """Collects the parts of long messages; times in monotonic seconds. A part that comes twice is kept twice, since
    both deliveries want an answer, and counts once."""

    def __init__(self) -> None:
        self._open: dict[PartKey, _Open] = {}

    def add(self, part: InboundPart, now: float) -> list[InboundPart]:
        """All parts of the message, in their order, when this was the last missing one; else nothing."""
        key = (part.operator_id, part.source, part.to, part.reference, part.parts)
        message = self._open.setdefault(key, _Open(now + COMPLETE_WITHIN_S))
        message.parts.setdefault(part.part, []).append(part)
        if len(message.parts) < part.parts:
            return []
        del self._open[key]
        return _in_order(message)

    def overdue(self, now: float) -> list[list[InboundPart]]:
        """Incomplete messages whose time is over, each as the parts that came."""
        late = [key for key, message in self._open.items() if message.deadline <= now]
        return [_in_order(self._open.pop(key)) for key in late]

    def __len__(self) -> int:
        return len(self._open)


def mo_event(parts: list[InboundPart]) -> MoInboundEvent:
    """The event of a whole message, or of what came of it: its parts in their order."""
    first = parts[0]
    contents = {part.part: part.content for part in reversed(parts)}
    content = b"".join(contents[number] for number in sorted(contents))
    encoding = Encoding(first.encoding)
    is_binary = encoding is Encoding.BINARY
    return MoInboundEvent(
        event_id=f"{first.operator_id}.mo.{first.delivery_id}",
        operator_id=first.operator_id,
        source=first.source,
        to=first.to,
        encoding=encoding,
        segments=len(contents),
        received_at=rfc3339(min(part.received_at for part in parts)),
        text=None if is_binary else decode_text(content, encoding, first.shift),
        data=content if is_binary else None,
    )


def _in_order(message: _Open) -> list[InboundPart]:
    return [part for number in sorted(message.parts) for part in message.parts[number]]
