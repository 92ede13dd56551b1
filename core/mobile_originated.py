"""Messages from handsets: parts put together, and the events of what came.

A part alone is worth more than nothing: what is not complete in time is published as it came.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

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
    """The event of a whole message; `parts` in their order, copies among them."""
    return _event(parts)


def part_event(part: InboundPart) -> MoInboundEvent:
    """The event of a part whose others did not come in time."""
    return _event([part], segment=part.part, reference=part.reference)


def _complete(parts: Sequence[InboundPart]) -> list[InboundPart]:
    """The oldest complete message among these parts; nothing where there is none."""
    firsts: dict[int, InboundPart] = {}
    for part in parts:
        firsts.setdefault(part.part, part)
    if not parts or len(firsts) < parts[0].parts:
        return []
    of_message = [part for part in parts if part.content == firsts[part.part].content]
    return sorted(of_message, key=lambda part: part.part)


def _event(parts: Sequence[InboundPart], *, segment: int | None = None, reference: int | None = None) -> MoInboundEvent:
    first = parts[0]
    encoding = _encoding(parts)
    distinct = list({part.part: part for part in parts}.values())
    return MoInboundEvent(
        event_id=f"{first.operator_id}.mo.{first.delivery_id}",
        operator_id=first.operator_id,
        source=first.source,
        to=first.to,
        encoding=encoding,
        segments=first.parts,
        received_at=rfc3339(min(part.received_at for part in parts)),
        text=None if encoding is Encoding.BINARY else _text(distinct),
        data=_content(distinct) if encoding is Encoding.BINARY else None,
        segment=segment,
        reference=reference,
        data_coding=first.data_coding if encoding is Encoding.BINARY else None,
        udh=next((part.udh for part in distinct if part.udh), None),
    )


def _encoding(parts: Sequence[InboundPart]) -> Encoding:
    """That of all parts; where they differ UCS2, which has the characters of every one, or BINARY if one is that."""
    encodings = {Encoding(part.encoding) for part in parts}
    if len(encodings) == 1:
        return encodings.pop()
    return Encoding.BINARY if Encoding.BINARY in encodings else Encoding.UCS2


def _text(parts: Sequence[InboundPart]) -> str:
    """Each header names the tables of its own part (23.040, 9.2.3.24.15). Parts that are written alike are put together
    before they are read, because some senders cut inside a character."""
    alike = groupby(parts, key=lambda part: (part.encoding, part.shift))
    return "".join([decode_text(_content(run), Encoding(encoding), shift) for (encoding, shift), run in alike])


def _content(parts: Iterable[InboundPart]) -> bytes:
    return b"".join([part.content for part in parts])
