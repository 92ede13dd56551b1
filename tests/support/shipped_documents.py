"""The schemas and documents that ship with the service, loaded as those who use them do."""

import json
from importlib.resources import files
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

SHIPPED = files("messages.schemas")
BASE = "https://documents.example/"  # nothing is fetched from there

Document = dict[str, Any]


def schema(name: str) -> Document:
    """A JSON Schema, by the name of its file without .json."""
    document: Document = json.loads(SHIPPED.joinpath(f"{name}.json").read_text())
    return document


def schema_names() -> list[str]:
    return sorted(file.name.removesuffix(".json") for file in SHIPPED.iterdir() if file.name.endswith(".json"))


def yaml_document(name: str) -> Document:
    """asyncapi or openapi, references unresolved."""
    document: Document = yaml.safe_load(SHIPPED.joinpath(f"{name}.yaml").read_text())
    return document


def validator(name: str) -> Validator:
    """Of a JSON Schema, formats checked too."""
    return Draft202012Validator(schema(name), format_checker=Draft202012Validator.FORMAT_CHECKER)


def validator_at(document: str, pointer: str) -> Validator:
    """Of the schema at a JSON pointer in asyncapi or openapi; references lead into the files beside it."""
    reference = {"$ref": f"{BASE}{document}.yaml#{pointer}"}
    return Draft202012Validator(
        reference, registry=_registry(document), format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def complaints(checked_by: Validator, value: object) -> list[str]:
    """What is wrong with a value, in words; nothing where it is valid."""
    return [f"{error.json_path}: {error.message}" for error in checked_by.iter_errors(value)]


def _registry(document: str) -> Registry[Any]:
    contents = {f"{BASE}{document}.yaml": yaml_document(document)}
    contents |= {f"{BASE}{name}.json": schema(name) for name in schema_names()}
    return Registry().with_resources((uri, DRAFT202012.create_resource(content)) for uri, content in contents.items())
