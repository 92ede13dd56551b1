"""Messages from handsets: parts put together, and the events of what came.

A part alone is worth more than nothing: what is not complete in time is published as it came.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from core.wall_clock import rfc3339
from messages.events import MoInboundEvent
from messages.lanes import InboundPart
from smpp.text import Encoding, decode_text


class Joined(Struct, frozen=True):
    """What can be done now with parts that may belong together.

    whole: complete messages, each as its parts in their order, with the copies of each. late: parts whose message is
    not complete in time. wait_s: until the others are late, None where there are none.
    """

    whole: list[list[InboundPart]]
    late: list[InboundPart]
    wait_s: float | None


def join_parts(parts: Iterable[InboundPart], now: float) -> Joined:
    """For all parts there are of one sender, receiver, reference and number of parts, oldest first.

    now: seconds since the epoch. Of two that differ and claim the same place, the second belongs to another message:
    references come round again.
    """
    rest = list(parts)
    whole = []
    while message := _complete(rest):
        whole.append(message)
        taken = {part.delivery_id for part in message}
        rest = [part for part in rest if part.delivery_id not in taken]
    if not rest:
        return Joined(whole, [], None)
    wait_s = min(part.join_until for part in rest) - now
    return Joined(whole, [], wait_s) if wait_s > 0 else Joined(whole, rest, None)


def message_event(parts: Sequence[InboundPart]) -> MoInboundEvent:
    """The event of a whole message."""
    contents = {part.part: part.content for part in parts}
    return _event(parts, b"".join(contents[number] for number in sorted(contents)))


def part_event(part: InboundPart) -> MoInboundEvent:
    """The event of a part whose others did not come in time."""
    return _event([part], part.content, segment=part.part, reference=part.reference)


def _complete(parts: Sequence[InboundPart]) -> list[InboundPart]:
    """The oldest complete message among these parts; nothing where there is none."""
    firsts: dict[int, InboundPart] = {}
    for part in parts:
        firsts.setdefault(part.part, part)
    if not parts or len(firsts) < parts[0].parts:
        return []
    of_message = [part for part in parts if part.content == firsts[part.part].content]
    return sorted(of_message, key=lambda part: part.part)


def _event(
    parts: Sequence[InboundPart], content: bytes, *, segment: int | None = None, reference: int | None = None
) -> MoInboundEvent:
    first = parts[0]
    encoding = Encoding(first.encoding)
    is_binary = encoding is Encoding.BINARY
    return MoInboundEvent(
        event_id=f"{first.operator_id}.mo.{first.delivery_id}",
        operator_id=first.operator_id,
        source=first.source,
        to=first.to,
        encoding=encoding,
        segments=first.parts,
        received_at=rfc3339(min(part.received_at for part in parts)),
        text=None if is_binary else decode_text(content, encoding, first.shift),
        data=content if is_binary else None,
        segment=segment,
        reference=reference,
    )
