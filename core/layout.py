"""How a message of several segments has been laid out, remembered with each of them.

A redelivery may find other rules than the first delivery did, or another replica. What has begun goes on as it began:
a receiver can't put together parts that were cut, written or numbered in two ways.
"""

import msgspec
from msgspec import Struct

from smpp.segments import LongMessages
from smpp.shift_tables import NO_SHIFT, Shift
from smpp.text import Encoding


class Layout(Struct, frozen=True, array_like=True):
    """reference: 0..65535, which the parts have in common; the others as in `smpp.composing.Composed`.

    data_coding: because the meaning of 0 may have been corrected since.
    """

    mode: LongMessages
    reference: int
    encoding: Encoding
    data_coding: int
    shift: Shift = NO_SHIFT
    packed: bool = False
    transliterated: bool = False


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Layout).decode


def write_layout(layout: Layout) -> str:
    return _encode(layout).decode()


def read_layout(text: str) -> Layout | None:
    """None where there is none, and for what another version wrote and this one does not know."""
    try:
        return _decode(text) if text else None
    except msgspec.ValidationError:
        return None
