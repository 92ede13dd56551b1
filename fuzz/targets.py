"""All targets, with what each begins with: the vectors of the tests, in the form that the target takes."""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from fuzz import content, dispatches, links, wire

VECTORS = Path(__file__).parents[1] / "tests" / "vectors"

CUT_IN_PIECES_OF_8 = b"\x07"
IN_ONE_READ = 8  # PDUs
LINK_STATES = [bytes((state, 255)) for state in range(4)]


class Target(NamedTuple):
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]


def _vectors(name: str, key: str = "vectors") -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text())[key]
    return vectors


def _pdus() -> Iterator[bytes]:
    return (bytes.fromhex(vector["hex"]) for vector in _vectors("pdu"))


def _streams() -> Iterator[bytes]:
    yield from (CUT_IN_PIECES_OF_8 + frame for frame in _pdus())
    for vector in _vectors("streams"):
        yield CUT_IN_PIECES_OF_8 + bytes.fromhex("".join(vector["chunks_hex"]))


def _links() -> Iterator[bytes]:
    in_one_read = [b"".join(islice(_pdus_of(command), IN_ONE_READ)) for command in ("submit_sm", "deliver_sm")]
    return (state + octets for state in LINK_STATES for octets in (*_pdus(), *in_one_read))


def _pdus_of(command: str) -> Iterator[bytes]:
    vectors = [vector for vector in _vectors("pdu") if vector["expect"]["command"] == command]
    return (bytes.fromhex(vector["hex"]) for vector in vectors if vector["outcome"] == "pdu")


def _texts() -> Iterator[bytes]:
    written_out = [vector for vector in _vectors("texts", "texts") if isinstance(vector["hex"], str)]
    for number, vector in enumerate(written_out):
        yield bytes((number % 32, number % 4)) + bytes.fromhex(vector["hex"])


def _typed_texts() -> Iterator[bytes]:
    written_out = [vector for vector in _vectors("texts", "texts") if isinstance(vector["text"], str)]
    for number, vector in enumerate(written_out):
        yield bytes((number % 32, number % 12)) + vector["text"].encode()


def _packed() -> Iterator[bytes]:
    return (b"\0" + bytes.fromhex(vector["hex"]) for vector in _vectors("texts", "packed"))


def _headers() -> Iterator[bytes]:
    return (bytes.fromhex(vector["hex"]) for vector in _vectors("udh"))


def _receipts() -> Iterator[bytes]:
    return (vector["text"].encode("latin-1", "ignore") for vector in _vectors("receipts") if vector.get("text"))


def _times() -> Iterator[bytes]:
    return (vector["value"].encode() for vector in _vectors("smpp_times") if "value" in vector)


def _dispatches() -> Iterator[bytes]:
    whole = {"message_id": "m", "operator_id": "alpha", "to": "+491512345678", "from": "Bank", "text": "Hello"}
    options = {"priority": 3, "validity_s": 60, "flash": True, "tlvs": {"0x1400": "00"}, "metadata": {"a": "b"}}
    binary = {"text": "", "encoding": "binary", "data": "AAH/"}
    for message in (whole, whole | options, whole | binary, whole | {"text": "é😀" * 200, "encoding": "ucs2"}):
        yield json.dumps(message).encode()


TARGETS = {
    "stream": Target(wire.stream, _streams),
    "pdu": Target(wire.pdu, _pdus),
    "short_message": Target(wire.short_message, _pdus),
    "esme": Target(links.esme, _links),
    "smsc": Target(links.smsc, _links),
    "delivery": Target(content.delivery, _pdus),
    "receipt_text": Target(content.receipt_text, _receipts),
    "text": Target(content.text, _texts),
    "composed_text": Target(content.composed_text, _typed_texts),
    "packed_septets": Target(content.packed_septets, _packed),
    "udh": Target(content.udh, _headers),
    "smpp_time": Target(content.smpp_time, _times),
    "dispatch": Target(dispatches.dispatch, _dispatches),
}
