"""The second line of defence for personal data and secrets in logs; the first is that nobody logs them.

What we log on purpose travels in named fields, so the name decides there: PERSONAL_FIELDS are hidden, names that end
in `_id` are shown as they are (an SMSC's message id may look just like a phone number). Free text (messages,
exceptions, what other libraries say) has no names to go by. It loses what follows `to=` and the like, bytes literals,
credentials in URLs, and every run of 8 to 17 digits: as long as phone numbers get. Longer runs, numbers with a
decimal point, hexadecimal and UUIDs stay. An id in free text is lost that way; it belongs into a field.
"""

import math
import re
from enum import Enum
from pathlib import PurePath
from typing import Any

HIDDEN = "[hidden]"
MAX_TEXT = 65_536  # characters; a log line keeps far less

PERSONAL_FIELDS = frozenset(
    {
        "to",
        "from",
        "text",
        "password",
        "passwd",
        "seed",
        "dsn",
        "payload",
        "short_message",
        "message_payload",
        "source_addr",
        "destination_addr",
    }
)

_NAMES = "|".join(sorted(PERSONAL_FIELDS))
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_TO_THE_NEXT_NAME = r".*?(?=[,;\s]\w+=|$)"  # unquoted values have spaces and commas: rather too much than too little

_ASSIGNED = re.compile(rf"(?<!\w)({_NAMES})\s*=\s*(?:{_QUOTED}|{_TO_THE_NEXT_NAME})", re.IGNORECASE | re.MULTILINE)
_KEYED = re.compile(rf"""(["'])({_NAMES})\1\s*:\s*(?:b?(?:{_QUOTED})|[^,}}\s]+)""", re.IGNORECASE)
_BYTES = re.compile(rf"(?<!\w)b(?:{_QUOTED})")
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
_PHONE_NUMBER = re.compile(r"(?<![\w.+-])(?:\+\d{7,17}|\d{8,17})(?!\w|\.\d|-[0-9a-fA-F]{4}-)")


def redact(text: str) -> str:
    """Free text without what may be personal or secret; what exceeds MAX_TEXT is lost."""
    text = text[:MAX_TEXT]  # from the end: a cut in the middle would part a value from the name that betrays it
    text = _URL_CREDENTIALS.sub(f"{HIDDEN}@", text)
    text = _KEYED.sub(rf"\1\2\1: {HIDDEN}", text)
    text = _ASSIGNED.sub(rf"\1={HIDDEN}", text)
    text = _BYTES.sub(HIDDEN, text)
    return _PHONE_NUMBER.sub(HIDDEN, text)


def redact_field(name: str, value: Any) -> Any:
    """A field's value as plain JSON data; objects of unknown types are reduced to the name of their type."""
    if name in PERSONAL_FIELDS:
        return HIDDEN
    match value:
        case float() if not math.isfinite(value):
            return str(value)  # JSON has no infinity
        case None | bool() | int() | float():
            return value
        case Enum():
            return redact_field(name, value.value)
        case str() | PurePath():
            return str(value) if name.endswith("_id") else redact(str(value))
        case dict():
            return {str(key): redact_field(str(key), item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [redact_field(name, item) for item in value]
        case BaseException():
            return redact(f"{type(value).__name__}: {value}")
        case _:
            return f"<{type(value).__name__}>"
