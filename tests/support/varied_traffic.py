"""Messages of every kind in turn, with what an SMSC must read of each; and messages from handsets."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from platform_side import a_message
from specimen_texts import (
    ARABIC,
    EMOJI,
    EXTENSION_EVERYWHERE,
    GSM_ALPHABET,
    GSM_EXTENSION,
    LATIN1,
    SURROGATES_EVERYWHERE,
    TURKISH,
)

KINDS: Sequence[tuple[dict[str, Any], int]] = (
    ({"text": f"Tax {GSM_EXTENSION}"}, 0x00),
    ({"text": GSM_ALPHABET}, 0x00),
    ({"text": TURKISH}, 0x08),
    ({"text": EMOJI}, 0x08),
    ({"text": ARABIC}, 0x08),
    ({"text": EXTENSION_EVERYWHERE}, 0x00),
    ({"text": SURROGATES_EVERYWHERE}, 0x08),
    ({"text": LATIN1, "encoding": "latin1"}, 0x03),
    ({"text": "Code 123456", "flash": True}, 0x10),
    ({"encoding": "binary", "data": bytes(range(100))}, 0x04),
    ({"encoding": "binary", "data": bytes(range(256)) * 2}, 0x04),
)
"""What is dispatched, without its number, and the data_coding that it must have."""

SOURCES: Sequence[tuple[str, list[Any]]] = (
    ("Bank", [5, 0, "Bank"]),
    ("+4915112345678", [1, 1, "4915112345678"]),
    ("12345", [3, 0, "12345"]),
)
"""A sender, and its TON, NPI and address on the wire."""

HANDSET_TEXTS: Sequence[tuple[str, str, int]] = (
    ("gsm7", f"STOP {GSM_EXTENSION} {GSM_ALPHABET}", 1),
    ("ucs2", EMOJI, 1),
    ("latin1", LATIN1, 1),
    ("ucs2", ARABIC[:180], 3),
    ("gsm7", "a lot to say, " * 18, 2),
)
"""Encoding, text, and in how many parts it comes."""


@dataclass(frozen=True)
class Sent:
    """A dispatch, and what the SMSC must read: see IndependentSmsc.read_messages."""

    dispatch: dict[str, Any]
    read: dict[str, Any]

    @property
    def message_id(self) -> str:
        return str(self.dispatch["message_id"])

    @property
    def number(self) -> str:
        """Where it goes, as on the wire; no other message goes there."""
        return str(self.read["destination"][2])

    @property
    def verdict(self) -> str:
        """By the custom of the independent SMSCs here, numbers that end in 9 cannot be reached."""
        return "UNDELIVERABLE" if self.number.endswith("9") else "DELIVERED"


def varied_messages(operator_ids: Sequence[str], number: int) -> list[Sent]:
    """So many, of every kind in turn, over all operators; each to a number of its own."""
    turns = zip(range(number), cycle(operator_ids), cycle(KINDS), cycle(SOURCES), strict=False)
    return [
        _sent(index, operator_id, fields, data_coding, sender)
        for index, operator_id, (fields, data_coding), sender in turns
    ]


def handset_messages() -> Iterator[dict[str, Any]]:
    """Without end, each from a number of its own: what `send_mo` takes, and `segments`."""
    for index, (encoding, text, parts) in enumerate(cycle(HANDSET_TEXTS)):
        yield {"from": f"49170{index:07d}", "to": "4922255", "text": text, "encoding": encoding, "segments": parts}


def _sent(
    index: int, operator_id: str, fields: Mapping[str, Any], data_coding: int, sender: tuple[str, list[Any]]
) -> Sent:
    content = _numbered(fields, index)
    address = f"49160{index:07d}"
    message = a_message(operator_id, **{"to": f"+{address}", "from": sender[0], "text": None, **_as_json(content)})
    data = content.get("data")
    read = {
        "system_id": operator_id,
        "source": sender[1],
        "destination": [1, 1, address],
        "data_coding": data_coding,
        "text": content.get("text"),
        "data": data.hex() if data is not None else None,
    }
    return Sent(message, read)


def _numbered(fields: Mapping[str, Any], index: int) -> dict[str, Any]:
    """With a content that no other message has."""
    if "data" in fields:
        return {**fields, "data": index.to_bytes(4) + fields["data"]}
    return {**fields, "text": f"#{index} {fields['text']}"}


def _as_json(content: Mapping[str, Any]) -> dict[str, Any]:
    if "data" in content:
        return {**content, "data": base64.b64encode(content["data"]).decode()}
    return dict(content)
