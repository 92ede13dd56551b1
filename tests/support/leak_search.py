"""Searches what a service left behind for values that must not be there, in whatever form they were written."""

import base64
import html
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

SHORTEST = 6  # characters; a shorter value would be found by chance


@dataclass(frozen=True)
class Finding:
    """Where which value was found; it says its name, so that a report of a leak is none."""

    source: str
    mark: str
    form: str


def search(sources: Mapping[str, bytes], marks: Mapping[str, str]) -> list[Finding]:
    """Every form of every value in every source. marks: values by name, each of at least SHORTEST characters."""
    forms = [(name, form, octets) for name, value in marks.items() for form, octets in forms_of(value)]
    return [
        Finding(source, name, form)
        for source, content in sources.items()
        for name, form, octets in forms
        if octets in content
    ]


def forms_of(value: str) -> list[tuple[str, bytes]]:
    """The value as it may stand in a log, a dump, a table or on the wire."""
    if len(value) < SHORTEST:
        raise ValueError(f"a value of {len(value)} characters would be found by chance")
    first_name = {octets: form for form, octets in reversed(list(_forms(value))) if len(octets) >= SHORTEST}
    return [(form, octets) for octets, form in reversed(first_name.items())]


def _forms(value: str) -> Iterator[tuple[str, bytes]]:
    wire = {"UTF-8": value.encode(), "UTF-16": value.encode("utf-16-be"), "UTF-16LE": value.encode("utf-16-le")}
    yield from wire.items()
    for name, octets in (*wire.items(), *_packed(value)):
        yield f"hex of {name}", octets.hex().encode()
        yield f"HEX of {name}", octets.hex().upper().encode()
        yield f"escaped {name}", _escaped(octets)
        for encoded in _in_base64(octets):
            yield f"base64 of {name}", encoded
    yield from _packed(value)
    yield "JSON", json.dumps(value)[1:-1].encode()
    yield "JSON, every character", "".join(f"\\u{ord(character):04x}" for character in value).encode()
    yield "URL", quote(value, safe="").encode()
    yield "URL, every octet", "".join(f"%{octet:02X}" for octet in value.encode()).encode()
    yield "HTML", html.escape(value).encode()


def _escaped(octets: bytes) -> bytes:
    """As Python shows bytes."""
    return repr(octets)[2:-1].encode()


def _in_base64(octets: bytes) -> Iterator[bytes]:
    """The characters that the octets alone determine, however many stand before them."""
    for before, skipped in ((0, 0), (1, 2), (2, 3)):
        whole = (before + len(octets)) * 8 // 6
        encoded = base64.b64encode(bytes(before) + octets)[skipped:whole]
        yield encoded
        yield encoded.translate(bytes.maketrans(b"+/", b"-_"))


def _packed(value: str) -> Iterable[tuple[str, bytes]]:
    """GSM 7-bit, eight septets in seven octets, from each bit of an octet on (GSM 03.38); letters and digits only."""
    if not value.isascii():
        return
    septets = sum(ord(character) << 7 * index for index, character in enumerate(value))
    for shift in range(8):
        octets = (septets << shift).to_bytes(len(value) + 1, "little")[: (7 * len(value) + shift) // 8]
        yield f"GSM packed, bit {shift}", octets[1:] if shift else octets
