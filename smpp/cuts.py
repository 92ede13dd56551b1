"""Where long content may be cut into parts, so that each part can be read alone.

Encoded content is cut, because the limits count octets: a cut never falls between an escape and its septet or inside a
surrogate pair. It is moreover kept out of what a reader sees as one character wherever that does not cost another
part: each part is billed, and a receiver that joins the parts sees no cut at all.
"""

from collections.abc import Callable

from smpp.graphemes import is_boundary
from smpp.gsm7 import ESCAPE

Boundary = Callable[[bytes, int, int], int]
"""(content, start, end) -> where the part from `start` really ends, at most at `end`."""

_CR, _LF = 0x0D, 0x0A
_MAX_CHARACTER_OCTETS = 4


def cut_octets(content: bytes, limit: int) -> list[bytes]:
    """Parts of at most `limit` octets, each full but the last."""
    return [content[start : start + limit] for start in range(0, len(content), limit)]


def cut_septets(content: bytes, limit: int) -> list[bytes]:
    """Parts of at most `limit` unpacked septets; an escape stays with the septet behind it."""
    return _cut(content, limit, _before_escape, _before_line_break)


def cut_ucs2(content: bytes, limit: int) -> list[bytes]:
    """Parts of at most `limit` octets of UTF-16; surrogate pairs stay whole."""
    return _cut(content, limit - limit % 2, _before_pair, _before_character)


def _cut(content: bytes, limit: int, whole: Boundary, kinder: Boundary) -> list[bytes]:
    """Cuts as `whole` says, and as `kinder` does where the rest then takes no more parts."""
    parts = []
    start = 0
    while len(content) - start > limit:
        end = whole(content, start, start + limit)
        kind_end = kinder(content, start, end)
        if kind_end != end and _count(content[kind_end:], limit, whole) <= _count(content[end:], limit, whole):
            end = kind_end
        parts.append(content[start:end])
        start = end
    parts.append(content[start:])
    return parts


def _count(content: bytes, limit: int, whole: Boundary) -> int:
    count, start = 1, 0
    while len(content) - start > limit:
        start = whole(content, start, start + limit)
        count += 1
    return count


def _before_escape(content: bytes, _start: int, end: int) -> int:
    return end - 1 if content[end - 1] == ESCAPE else end


def _before_line_break(content: bytes, start: int, end: int) -> int:
    is_inside = content[end - 1] == _CR and content[end] == _LF
    return end - 1 if is_inside and end - 1 > start else end


def _before_pair(content: bytes, _start: int, end: int) -> int:
    is_low_surrogate = 0xDC <= content[end] <= 0xDF
    return end - 2 if is_low_surrogate else end


def _before_character(content: bytes, start: int, end: int) -> int:
    """`end` if it is a boundary; else the last one before it, or `end` where there is none."""
    if _is_plain_boundary(content[end - 2 : end + 2].decode("utf-16-be", "ignore")):
        return end
    text = content[start : end + _MAX_CHARACTER_OCTETS].decode("utf-16-be", "ignore")
    index = len(content[start:end].decode("utf-16-be"))
    while index and not is_boundary(text, index):
        index -= 1
    return start + len(text[:index].encode("utf-16-be")) if index else end


def _is_plain_boundary(around: str) -> bool:
    """Whether the two characters around a cut decide that it is a boundary, as they nearly always do."""
    return len(around) == 2 and (around[0].isalnum() or around[0].isspace()) and is_boundary(around, 1)
