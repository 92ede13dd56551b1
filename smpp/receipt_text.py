"""The text of a delivery receipt (SMPP 3.4, appendix B), as the SMSCs of the world write it.

    id:IIIIIIIIII sub:SSS dlvrd:DDD submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DDDDDDD err:E text:...

The form is vendor specific: keys in any order and case, some missing, commas or NULs between them, times with or
without century, seconds and offset (cloudhopper #105, jsmpp #62, smppex #46, jasmin #447).
"""

import re
from datetime import datetime
from functools import lru_cache

from smpp.smpp_time import BadTime, RelativeTime, parse_time

_KEYS_BEFORE_TEXT = ("id", "sub", "dlvrd", "submit date", "done date", "stat", "err")

_BLANK = "\0 \t\r\n"
_SEPARATORS = _BLANK + ",;|"

_MAX_TIME = 16  # characters

# What nearly every receipt looks like, matched at once: 2 us instead of the 8 of `_scan`.
_USUAL = re.compile(
    r"id:([^\s\0,;|]+) sub:([^\s\0,;|]+) dlvrd:([^\s\0,;|]+) submit date:([^\s\0,;|]+) done date:([^\s\0,;|]+)"
    r" stat:([^\s\0,;|]+) err:([^\s\0,;|]+)(?: [Tt]ext:(.*))?",
    re.DOTALL,
)
# What is no letter, digit or underscore may stand before a key: Tele2 Norway wrote addresses and "?" (ruby-smpp,
# lib/smpp/pdu/deliver_sm.rb). Where nothing stands between value and key, a digit ends the value, or a capital before
# a small letter; only an id may go on with such letters.
_KEY = re.compile(
    r"(?:^|\W|(?<=\d)(?!id)|(?<=(?-i:[A-Z]))(?=(?-i:[a-z])))"
    r"(?:(id|sub|dlvrd|stat|err|text)|(submit|done)[\s_-]*date)[ ]?:",
    re.IGNORECASE,
)


def receipt_fields(text: str) -> dict[str, str]:
    """Values by the keys of appendix B; a key that is missing is missing, one without value is "".

    The first of a repeated key counts. What follows "text:" belongs to the message, which may itself
    read like a receipt; only where neither id nor stat came before it are keys looked for in there.
    Never raises.
    """
    usual = _USUAL.fullmatch(text)
    if not usual:
        return _scan(text)
    fields = dict(zip(_KEYS_BEFORE_TEXT, usual.groups(), strict=False))
    if usual[8] is not None:
        fields["text"] = usual[8].strip(_BLANK)
    return fields


def _scan(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    keys = list(_KEY.finditer(text))
    ends = [*[key.start() for key in keys], len(text)][1:]
    for key, end in zip(keys, ends, strict=True):
        name = f"{key[2]} date".lower() if key[2] else key[1].lower()
        if name == "text" and ("id" in fields or "stat" in fields):
            fields[name] = text[key.end() :].strip(_BLANK)
            break
        fields.setdefault(name, _value(name, text[key.end() : end]))
    return fields


def _value(name: str, raw: str) -> str:
    if name == "text":
        return raw.strip(_BLANK)
    words = raw.split()
    return words[0].strip(_SEPARATORS) if words else ""


def receipt_time(value: str) -> datetime | None:
    """The time of a "submit date" or "done date"; None where it is none or could be two.

    YYMMDDhhmm, YYMMDDhhmmss, YYYYMMDDhhmm and YYYYMMDDhhmmss are in the SMSC's own time, which nobody tells us:
    the result has no offset. The 16 characters of SMPP 7.1.1 have one, and so has the result.
    """
    return _time(value) if len(value) <= _MAX_TIME else None


@lru_cache(maxsize=512)  # receipts come in bursts of the same minute
def _time(value: str) -> datetime | None:
    if len(value) == _MAX_TIME:
        return _smpp_time(value)
    if not (value.isascii() and value.isdigit()):
        return None
    if len(value) == 10:
        return _local("20" + value)
    if len(value) == 14:
        return _local(value)
    return _twelve_digits(value) if len(value) == 12 else None


def _twelve_digits(value: str) -> datetime | None:
    with_seconds = _local("20" + value)
    with_century = _local(value) if value.startswith("20") else None
    if with_seconds and with_century:  # 200101010030 is in 2020 or in 2001
        return None
    return with_seconds or with_century


def _local(digits: str) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{digits[:8]}T{digits[8:]}")
    except ValueError:
        return None


def _smpp_time(value: str) -> datetime | None:
    try:
        at = parse_time(value)
    except BadTime:
        return None
    return None if isinstance(at, RelativeTime) else at
