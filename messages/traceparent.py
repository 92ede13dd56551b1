"""W3C traceparent: which trace a message belongs to. Source: W3C Trace Context, 3.2."""

import re

_FORM = re.compile(r"(?!ff)([0-9a-f]{2})(-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(-.*)?", re.DOTALL)
_ODD_DIGITS = frozenset("13579bdf")
_TRACE_ID = slice(3, 35)
_SPAN_ID = slice(36, 52)


def read_traceparent(header: str) -> str:
    """The header in the form of version 00, empty where it is none: a platform's mistake must not stop its message."""
    found = _FORM.fullmatch(header)
    if found is None or (found[1] == "00" and found[3]):
        return ""
    return f"00{found[2]}"


def write_traceparent(trace_id: int, span_id: int, *, is_sampled: bool) -> str:
    return f"00-{trace_id:032x}-{span_id:016x}-{is_sampled:02x}"


def is_sampled(traceparent: str) -> bool:
    """Whether the spans of this trace are wanted; False of an empty one."""
    return traceparent[-1:] in _ODD_DIGITS


def trace_id(traceparent: str) -> str:
    """As in logs; empty of an empty one."""
    return traceparent[_TRACE_ID]


def ids(traceparent: str) -> tuple[int, int]:
    """trace_id and span_id as numbers."""
    return int(traceparent[_TRACE_ID], 16), int(traceparent[_SPAN_ID], 16)
