"""Whether a JSON Schema may follow a released one: what breaks for those who rely on the released one.

An event may gain fields and promise more of those it has; a message that we take may gain fields that need not be
there and forbid less. Nothing that was there may go.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Any

JsonSchema = dict[str, Any]

_WORDS_FOR_PEOPLE = {"$schema", "$id", "$defs", "$ref", "title", "description"}
_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_INNER = ("items", "additionalProperties", "propertyNames")
_COMPARED = {"type", "enum", "anyOf", "properties", "required", "default", *_LEAST, *_MOST, *_INNER}


_TYPES = {
    bool: "boolean",
    dict: "object",
    float: "number",
    int: "integer",
    list: "array",
    str: "string",
    type(None): "null",
}


class Direction(Enum):
    SENT = "sent"  # what we send now must be valid for who checks it by the released schema
    TAKEN = "taken"  # what was valid by the released schema must be valid now


def breaks(released: JsonSchema, current: JsonSchema, direction: Direction) -> list[str]:
    """Each thing that breaks, as the place and what is wrong there; nothing where `current` may follow."""
    gone = list(_gone(_Place(released, released), _Place(current, current), "$"))
    if direction is Direction.SENT:
        return gone + list(_misfits(_Place(current, current), _Place(released, released), "$"))
    return gone + list(_misfits(_Place(released, released), _Place(current, current), "$"))


class _Place:
    """A schema within the document that its references lead into."""

    def __init__(self, document: JsonSchema, schema: Any) -> None:
        self.document = document
        schema = schema if isinstance(schema, dict) else {}
        name = schema.get("$ref", "").removeprefix("#/$defs/")
        self.schema: JsonSchema = {**document["$defs"][name], **schema} if name else schema

    def at(self, *keys: str) -> "_Place":
        schema: Any = self.schema
        for key in keys:
            schema = schema.get(key, {})
        return _Place(self.document, schema)

    def alternatives(self) -> list["_Place"]:
        return [_Place(self.document, one) for one in self.schema.get("anyOf", [self.schema])]

    def types(self) -> set[str]:
        """As named, or those of the values of an enumeration; every type where neither is there."""
        if "type" in self.schema:
            return {self.schema["type"]}
        values = self.schema.get("enum")
        return set(_TYPES.values()) if values is None else {_TYPES[type(value)] for value in values}


def _gone(released: _Place, current: _Place, path: str) -> Iterator[str]:
    properties = released.schema.get("properties", {})
    for name in properties:
        if name not in current.schema.get("properties", {}):
            yield f"{path}.{name}: is gone"
        else:
            before, now = released.at("properties", name), current.at("properties", name)
            if "default" in before.schema and not _still_holds(before.schema["default"], now.schema.get("default")):
                yield f"{path}.{name}: has another default"
            yield from _gone(before, now, f"{path}.{name}")
    for key in _INNER:
        if key in released.schema:
            yield from _gone(released.at(key), current.at(key), f"{path}.{key}")


def _still_holds(before: Any, now: Any) -> bool:
    """Whether a default is what it was; that of a group may have more in it."""
    if isinstance(before, dict) and isinstance(now, dict):
        return all(name in now and now[name] == value for name, value in before.items())
    return bool(before == now)


def _misfits(inner: _Place, outer: _Place, path: str) -> Iterator[str]:
    """Why a value that is valid for `inner` may not be valid for `outer`."""
    for one in inner.alternatives():
        problems = [list(_misfits_of_one(one, other, path)) for other in outer.alternatives()]
        yield from min(problems, key=len)


def _misfits_of_one(inner: _Place, outer: _Place, path: str) -> Iterator[str]:
    if not inner.types() <= _including_integers(outer.types()):
        yield f"{path}: is of another type"
    if "enum" in outer.schema and not set(inner.schema.get("enum", [object()])) <= set(outer.schema["enum"]):
        yield f"{path}: has other values"
    for name in sorted(set(outer.schema.get("required", [])) - set(inner.schema.get("required", []))):
        yield f"{path}.{name}: is required on one side only"
    if outer.schema.get("additionalProperties") is False and inner.schema.get("additionalProperties") is not False:
        yield f"{path}: takes no unknown fields"
    yield from _outside_its_bounds(inner.schema, outer.schema, path)
    yield from _unlike(inner.schema, outer.schema, path)
    for key in _INNER:
        if key in outer.schema:
            yield from _misfits(inner.at(key), outer.at(key), f"{path}.{key}")
    for name in outer.schema.get("properties", {}).keys() & inner.schema.get("properties", {}).keys():
        yield from _misfits(inner.at("properties", name), outer.at("properties", name), f"{path}.{name}")


def _including_integers(types: set[str]) -> set[str]:
    return types | {"integer"} if "number" in types else types


def _outside_its_bounds(inner: JsonSchema, outer: JsonSchema, path: str) -> Iterator[str]:
    for key in _LEAST:
        if key in outer and inner.get(key, float("-inf")) < outer[key]:
            yield f"{path}: has another {key}"
    for key in _MOST:
        if key in outer and inner.get(key, float("inf")) > outer[key]:
            yield f"{path}: has another {key}"


def _unlike(inner: JsonSchema, outer: JsonSchema, path: str) -> Iterator[str]:
    """Whatever else the outer one demands, a pattern or a rule, must be the same: who could tell which is narrower."""
    for key in sorted(outer.keys() - _WORDS_FOR_PEOPLE - _COMPARED):
        if inner.get(key) != outer[key]:
            yield f"{path}: has another {key}"
