"""Which messages an SMSC has seen before, without keeping what was in them."""

from collections import Counter
from typing import NamedTuple

from smpp.constants import ESM_CLASS_UDHI
from smpp.hot import ShortMessage
from smpp.segments import Part, part_of
from smpp.udh import user_data

MAX_REMEMBERED = 5_000_000
"""Distinct submits that are told apart, at about 100 octets each; what comes later is counted as untold."""

MAX_INCOMPLETE = 100_000
"""Long messages with parts missing; the oldest is forgotten first."""

_MARKER = b"#"
_MARKER_IN_UCS2 = b"\0#"
_MARKER_DIGITS = 18
_DIGITS = frozenset(b"0123456789")


class Content(NamedTuple):
    """What a submit_sm carries: its octets without a header, and which part of a long message they are."""

    octets: bytes
    part: Part | None


def content_of(message: ShortMessage) -> Content:
    """The content of a submit_sm, be it in short_message or in message_payload."""
    if not message.tlvs and not message.esm_class & ESM_CLASS_UDHI:
        return Content(message.short_message, None)
    part = part_of(message)
    if part is not None:
        return Content(part.content, part)
    return Content(user_data(message)[1], None)


def marker_of(content: Content) -> int | None:
    """The number that a text begins with after a `#`, in an alphabet of octets or in UCS-2; None where there is none.

    Of a long message only the first part has one.
    """
    octets = content.octets
    if octets.startswith(_MARKER_IN_UCS2):
        octets = octets[1 : 2 * _MARKER_DIGITS + 2 : 2]
    if not octets.startswith(_MARKER) or (content.part and content.part.part > 1):
        return None
    end = 1
    while end < len(octets) and end <= _MARKER_DIGITS and octets[end] in _DIGITS:
        end += 1
    return int(octets[1:end]) if end > 1 else None


class Sightings:
    """Counts of distinct and repeated submits, of markers, and of long messages that came together."""

    def __init__(self) -> None:
        self.segments = 0
        self.messages = 0
        self.duplicated = 0
        self.untold = 0
        self.markers: Counter[int] = Counter()
        self._seen: set[int] = set()
        self._incomplete: dict[tuple[str, str, int, int], set[int]] = {}

    @property
    def distinct(self) -> int:
        return len(self._seen)

    @property
    def incomplete(self) -> int:
        """Long messages of which parts are missing."""
        return len(self._incomplete)

    def add(self, message: ShortMessage, content: Content, marker: int | None) -> None:
        """Note an accepted submit_sm."""
        self._compare(message, content)
        if marker is not None and (marker in self.markers or len(self.markers) < MAX_REMEMBERED):
            self.markers[marker] += 1
        if content.part is None:
            self.messages += 1
        else:
            self.segments += 1
            self._put_together(message, content.part)

    def _compare(self, message: ShortMessage, content: Content) -> None:
        octets, part = content
        # The reference of a long message stays out: one that is sent again has another.
        place = (part.part, part.parts) if part else None
        # 64 bits of SipHash: one false duplicate in 3 million runs of a million messages.
        seen = hash((message.source_addr, message.destination_addr, octets, place))
        if seen in self._seen:
            self.duplicated += 1
        elif len(self._seen) < MAX_REMEMBERED:
            self._seen.add(seen)
        else:
            self.untold += 1

    def _put_together(self, message: ShortMessage, part: Part) -> None:
        key = (message.source_addr, message.destination_addr, part.reference, part.parts)
        parts = self._incomplete.setdefault(key, set())
        parts.add(part.part)
        if len(parts) == part.parts:
            del self._incomplete[key]
            self.messages += 1
        elif len(self._incomplete) > MAX_INCOMPLETE:
            del self._incomplete[next(iter(self._incomplete))]
