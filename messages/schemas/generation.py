"""JSON Schemas (draft 2020-12) out of the structs; what each field means is read in docs/contracts.md.

So a field has its type in one place and its meaning in another, and neither has a copy.
"""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from config.operators import Credentials, OperatorConfig
from messages.dispatch import Dispatch, RequestedEncoding
from messages.events import DeadDispatchEvent, DlrInboundEvent, MoInboundEvent, OperatorHealthEvent

FOLDER = Path(__file__).parent
CONTRACTS = FOLDER.parents[1] / "docs" / "contracts.md"  # only there in the source tree

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID_PREFIX = "urn:smpp-connector:schema:"

JsonSchema = dict[str, Any]
Meanings = dict[str, str]


class Document(Struct, frozen=True):
    """One file. heading: of its table in contracts.md. rule: what the fields together must fulfil."""

    struct: type[Struct]
    summary: str
    heading: str
    rule: JsonSchema = {}


_TEXT_OR_DATA: JsonSchema = {
    "if": {"properties": {"encoding": {"const": RequestedEncoding.BINARY.value}}, "required": ["encoding"]},
    "then": {"required": ["data"], "properties": {"data": {"type": "string"}, "text": {"enum": ["", None]}}},
    "else": {"required": ["text"], "properties": {"text": {"type": "string"}, "data": {"enum": ["", None]}}},
}

DOCUMENTS = {
    "dispatch.json": Document(
        Dispatch,
        "One SMS to send, as a platform publishes it at sms.dispatch.<operator_id>. Unknown fields are ignored.",
        "### Dispatch, published by the platform at `sms.dispatch.<operator_id>`",
        _TEXT_OR_DATA,
    ),
    "dlr_inbound.json": Document(
        DlrInboundEvent,
        "What became of a message or of one segment of it, published at sms.dlr.inbound.",
        "### `sms.dlr.inbound`",
    ),
    "mo_inbound.json": Document(
        MoInboundEvent,
        "A message from a handset, its parts put together, published at sms.mo.inbound.",
        "### `sms.mo.inbound`",
        {"oneOf": [{"required": ["text"]}, {"required": ["data"]}]},
    ),
    "dead_dispatch.json": Document(
        DeadDispatchEvent,
        "A dispatch that cannot be processed, published at sms.dead.dispatch.",
        "### `sms.dead.dispatch`",
    ),
    "operator_health.json": Document(
        OperatorHealthEvent,
        "One transition of an operator as one replica sees it, published at operator.health.",
        "### `operator.health`",
    ),
    "operator_config.json": Document(
        OperatorConfig,
        "One operator, as the operator-management-service tells of it. Unknown fields are ignored.",
        "### OperatorConfig",
    ),
    "credentials.json": Document(
        Credentials,
        "What a bind to one operator needs, as the operator-management-service tells it.",
        "### Credentials",
    ),
}


def documents() -> dict[str, str]:
    """Content of each file by its name."""
    text = CONTRACTS.read_text()
    return {name: _written(name, document, text) for name, document in DOCUMENTS.items()}


def meanings(contracts: str, heading: str) -> Meanings:
    """The last cell of each row of the table below a heading, by the name in the first; empty ones are left out."""
    table = contracts.partition(f"\n{heading}\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| `([^`]+)` \|(?:.*\|)? (.*?) \|$", table, re.MULTILINE)
    return {name: meaning.strip() for name, meaning in rows if meaning.strip()}


def _written(name: str, document: Document, contracts: str) -> str:
    schema = _schema(document)
    definitions = schema.get("$defs", {})
    words = meanings(contracts, document.heading)
    if "Endpoint" in definitions:
        _describe(definitions["Endpoint"], {}, meanings(contracts, "### Endpoint"))
    _describe(schema, definitions, words)
    whole = {"$schema": DIALECT, "$id": ID_PREFIX + name.removesuffix(".json"), **schema}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _schema(document: Document) -> JsonSchema:
    """msgspec's, with the struct itself at the top instead of among the definitions."""
    generated = msgspec.json.schema(document.struct)
    definitions = {name: _flush_left(one) for name, one in generated["$defs"].items()}
    top = definitions.pop(document.struct.__name__)
    schema = {**top, "description": document.summary, **document.rule}
    return schema | ({"$defs": definitions} if definitions else {})


def _flush_left(schema: JsonSchema) -> JsonSchema:
    """Its description comes from a docstring, which Python indents before 3.13."""
    described = schema.get("description")
    return schema | {"description": inspect.cleandoc(described)} if described else schema


def _describe(schema: JsonSchema, definitions: JsonSchema, words: Meanings, prefix: str = "") -> None:
    for name, field in schema["properties"].items():
        inner = definitions.get(field.get("$ref", "").rpartition("/")[2], {})
        if "properties" in inner:
            _describe(inner, definitions, words, f"{prefix}{name}.")
        elif f"{prefix}{name}" in words:
            field["description"] = words[f"{prefix}{name}"]
