"""No schema breaks who relies on a released one; and a break would be found out."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from schema_compatibility import Direction, JsonSchema, breaks
from shipped_documents import schema

RELEASED = sorted((Path(__file__).parent / "released").glob("*/*.json"))
"""Copies of messages/schemas/*.json as they were released, by version; never changed again."""

DIRECTIONS = {
    "dispatch": Direction.TAKEN,
    "operator_config": Direction.TAKEN,
    "credentials": Direction.TAKEN,
    "dlr_inbound": Direction.SENT,
    "mo_inbound": Direction.SENT,
    "dead_dispatch": Direction.SENT,
    "operator_health": Direction.SENT,
}

Change = Callable[[JsonSchema], Any]


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nothing_breaks_who_relies_on_a_release(released: Path) -> None:
    assert breaks(json.loads(released.read_text()), schema(released.stem), DIRECTIONS[released.stem]) == []


def test_every_schema_was_released_or_is_new_with_a_direction() -> None:
    assert {path.stem for path in RELEASED} <= DIRECTIONS.keys()


def remove(name: str) -> Change:
    return lambda one: (one["properties"].pop(name), one["required"].remove(name))


def put(name: str, **keywords: Any) -> Change:
    return lambda one: one["properties"].__setitem__(name, keywords)


def require(name: str) -> Change:
    return lambda one: (one["properties"].setdefault(name, {"type": "string"}), one["required"].append(name))


def stop_requiring(name: str) -> Change:
    return lambda one: one["required"].remove(name)


def set_values(definition: str, *values: str) -> Change:
    return lambda one: one["$defs"][definition].__setitem__("enum", list(values))


def set_in(definition: str, name: str, **keywords: Any) -> Change:
    return lambda one: one["$defs"][definition]["properties"].__setitem__(name, keywords)


TIME = {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}

ADDITIONS = {
    "an event gains a field": ("dlr_inbound", put("colour", type="string")),
    "an event gains a field that is always there": ("dlr_inbound", require("colour")),
    "an event promises that a time is always there": ("dlr_inbound", put("done_at", **TIME)),
    "an event loses a value": ("dlr_inbound", set_values("DlrSource", "deliver_sm", "expiry")),
    "a message may have one more field": ("dispatch", put("colour", type="string")),
    "a message may leave a field out": ("dispatch", stop_requiring("from")),
    "a message may have one more encoding": (
        "dispatch",
        set_values("RequestedEncoding", "auto", "binary", "gsm7", "latin1", "ucs2", "utf-8"),
    ),
    "a message may have a higher priority": (
        "dispatch",
        put("priority", type="integer", minimum=0, maximum=9, default=0),
    ),
    "a group of settings has one more in its default": (
        "operator_config",
        lambda one: one["properties"]["source"]["default"].__setitem__("colour", "red"),
    ),
    "an operator has one more setting": ("operator_config", set_in("BindConfig", "colour", type="string")),
}

BREAKS = {
    "an event loses a field": (
        "dlr_inbound",
        remove("stat"),
        ["$.stat: is gone", "$.stat: is required on one side only"],
    ),
    "a field becomes another type": (
        "dlr_inbound",
        put("segment", type="string"),
        ["$.segment: is of another type", "$.segment: has another minimum"],
    ),
    "a field may be null": (
        "dlr_inbound",
        put("stat", anyOf=[{"type": "string"}, {"type": "null"}]),
        ["$.stat: is of another type"],
    ),
    "a field may be missing": (
        "dlr_inbound",
        stop_requiring("metadata"),
        ["$.metadata: is required on one side only"],
    ),
    "an event has a value nobody expects": (
        "dlr_inbound",
        set_values("DlrSource", "deliver_sm", "submit_sm_resp", "expiry", "guess"),
        ["$.source: has other values"],
    ),
    "a time is written in another way": (
        "operator_health",
        put("at", type="string", format="date-time"),
        ["$.at: has another pattern"],
    ),
    "a count may be negative": (
        "operator_health",
        put("sessions_bound", type="integer"),
        ["$.sessions_bound: has another minimum"],
    ),
    "the values of metadata become numbers": (
        "dlr_inbound",
        put("metadata", type="object", additionalProperties={"type": "integer"}),
        ["$.metadata.additionalProperties: is of another type"],
    ),
    "an event no longer has either of two fields": (
        "mo_inbound",
        lambda one: one.pop("oneOf"),
        ["$: has another oneOf"],
    ),
    "a message loses a field": (
        "dispatch",
        lambda one: one["properties"].pop("flash"),
        ["$.flash: is gone"],
    ),
    "a message needs a field": ("dispatch", require("colour"), ["$.colour: is required on one side only"]),
    "a message may be sent with less priority": (
        "dispatch",
        put("priority", type="integer", minimum=0, maximum=2, default=0),
        ["$.priority: has another maximum"],
    ),
    "a message has an encoding less": (
        "dispatch",
        set_values("RequestedEncoding", "auto", "gsm7"),
        ["$.encoding: has other values"],
    ),
    "a setting has another default": (
        "operator_config",
        put("tps", type="number", exclusiveMinimum=0, default=10),
        ["$.tps: has another default"],
    ),
    "a group of settings has another default": (
        "operator_config",
        lambda one: one["properties"]["source"]["default"].__setitem__("ton", 1),
        ["$.source: has another default"],
    ),
    "a setting within a setting is gone": (
        "operator_config",
        lambda one: one["$defs"]["Timers"]["properties"].pop("response_s"),
        ["$.timers.response_s: is gone"],
    ),
    "a setting of each endpoint is gone": (
        "operator_config",
        lambda one: one["$defs"]["Endpoint"]["properties"].pop("tls"),
        ["$.endpoints.items.tls: is gone"],
    ),
    "a message may hold no field that nobody knows": (
        "dispatch",
        lambda one: one.__setitem__("additionalProperties", False),
        ["$: takes no unknown fields"],
    ),
    "a field may be anything": ("dlr_inbound", put("stat"), ["$.stat: is of another type"]),
    "a setting of each endpoint is narrower": (
        "operator_config",
        set_in("Endpoint", "port", type="integer", minimum=1024, maximum=65535),
        ["$.endpoints.items.port: has another minimum"],
    ),
}


def changed(name: str, change: Change) -> JsonSchema:
    one = copy.deepcopy(schema(name))
    change(one)
    return one


@pytest.mark.parametrize(("name", "change"), ADDITIONS.values(), ids=list(ADDITIONS))
def test_an_addition_breaks_nothing(name: str, change: Change) -> None:
    assert breaks(schema(name), changed(name, change), DIRECTIONS[name]) == []


@pytest.mark.parametrize(("name", "change", "expected"), BREAKS.values(), ids=list(BREAKS))
def test_a_break_is_found_out(name: str, change: Change, expected: list[str]) -> None:
    assert breaks(schema(name), changed(name, change), DIRECTIONS[name]) == expected
