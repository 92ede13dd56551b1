"""The dispatch message: one SMS to send, as a platform publishes it at `sms.dispatch.<operator_id>`."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

MAX_METADATA_BYTES = 1024  # of its JSON form; it is stored with the correlation and returned in every event


class RequestedEncoding(Enum):
    AUTO = "auto"
    GSM7 = "gsm7"
    UCS2 = "ucs2"
    LATIN1 = "latin1"
    BINARY = "binary"


# Each ends in (?!\n)$ because Python's $ also matches before a last newline, and \Z means nothing in a JSON Schema.
MessageId = Annotated[str, Meta(pattern=r"^[\x20-\x7e]{1,64}(?!\n)$")]
Destination = Annotated[str, Meta(pattern=r"^\+?[0-9]{3,15}(?!\n)$")]  # E.164, the plus is optional
Source = Annotated[
    str, Meta(pattern=r"^(\+?[0-9]{1,15}|[^\x00-\x1f\x7f]{1,11})(?!\n)$")
]  # international, short code or alphanumeric

# Checked where the TLVs are made, which knows what to say of a wrong one; here for the JSON Schema alone.
TlvTag = Annotated[str, Meta(extra_json_schema={"pattern": "^(0[xX])?[0-9a-fA-F]{1,4}$"})]
HexOctets = Annotated[str, Meta(extra_json_schema={"pattern": "^([0-9a-fA-F]{2})*$"})]


class Dispatch(Struct, frozen=True, kw_only=True):
    """One SMS to send. Its repr shows neither addresses nor content: an error report may print it.

    text: may be empty, not missing, unless it is binary. data: base64, for binary.
    validity_s: seconds the SMSC may try to deliver. expires_at: RFC 3339, not sent after it. tlvs: {"0x1400": "hex"}.
    """

    message_id: MessageId
    operator_id: str
    to: Destination
    source: Source = msgspec.field(name="from")
    text: str | None = None
    encoding: RequestedEncoding = RequestedEncoding.AUTO
    data: bytes | None = None
    priority: Annotated[int, Meta(ge=0, le=3)] = 0
    validity_s: Annotated[int, Meta(ge=1, le=63 * 86400)] | None = None
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None
    request_dlr: bool = True
    flash: bool = False
    protocol_id: Annotated[int, Meta(ge=0, le=255)] = 0
    tlvs: dict[TlvTag, HexOctets] = {}
    metadata: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Dispatch(message_id={self.message_id!r}, operator_id={self.operator_id!r})"
