"""When certificates end, read from their PEM.

ssl decodes certificates of authorities and of peers only, and the image has no other library for them; a certificate
tells its end in its fifth or sixth field (RFC 5280, 4.1), so a walk over a few fields of DER finds it.
"""

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

UTC_TIME, GENERALIZED_TIME, VERSION = 0x17, 0x18, 0xA0  # tags
FIELDS_BEFORE_VALIDITY = 3  # serialNumber, signature, issuer; before them the version, where there is one
LONG_FORM = 0x80

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def earliest_end(pem: str) -> float | None:
    """Seconds since the epoch when the first of these certificates ends; None where there is none that can be read."""
    return min(_ends(pem), default=None)


def earliest_end_in_file(path: Path) -> float | None:
    """The same of a file; None where it cannot be read."""
    try:
        return earliest_end(path.read_text())
    except (OSError, UnicodeDecodeError):
        return None


def _ends(pem: str) -> Iterator[float]:
    for block in _BLOCK.findall(pem):
        try:
            yield _end(ssl.PEM_cert_to_DER_cert(block))
        except (ValueError, IndexError):
            continue


def _end(der: bytes) -> float:
    """Raises ValueError or IndexError where this is no certificate."""
    (_, certificate), *_ = _fields(der)
    (_, to_be_signed), *_ = _fields(certificate)
    fields = [field for field in _fields(to_be_signed) if field[0] != VERSION]
    _, validity = fields[FIELDS_BEFORE_VALIDITY]
    _begin, (tag, text) = _fields(validity)
    return _time(tag, text.decode("ascii"))


def _time(tag: int, text: str) -> float:
    if tag not in (UTC_TIME, GENERALIZED_TIME):
        raise ValueError("no time")
    if tag == UTC_TIME:
        text = ("19" if text >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _fields(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each value that stands in this content."""
    position = 0
    while position < len(content):
        tag, length = content[position], content[position + 1]
        position += 2
        if length & LONG_FORM:
            size = length ^ LONG_FORM
            length = int.from_bytes(content[position : position + size], "big")
            position += size
        yield tag, content[position : position + length]
        position += length
