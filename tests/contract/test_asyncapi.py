"""The AsyncAPI document: valid by AsyncAPI's own schema, and of one mind with the code about subjects and streams."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from shipped_documents import complaints, schema_names, validator_at, yaml_document

from actors.router.actor import CONFIG_CHANGED
from adapters.nats.streams import DISPATCH_STREAM, DISPATCH_SUBJECT, EVENT_SUBJECTS, EVENTS_STREAM, wanted_streams
from messages.events import DEAD_DISPATCH, DLR_INBOUND, MO_INBOUND, OPERATOR_HEALTH

OFFICIAL = Path(__file__).parent / "asyncapi-3.0.0.json"
"""As AsyncAPI publishes it (npm @asyncapi/specs 6.11.1, schemas/3.0.0.json), on one line. Apache-2.0."""

DOCUMENT = yaml_document("asyncapi")
STREAMS = {config.name: config for config in wanted_streams()}


def test_it_is_valid() -> None:
    assert complaints(Draft7Validator(json.loads(OFFICIAL.read_text())), DOCUMENT) == []


def test_each_subject_is_there_with_its_direction() -> None:
    channels = {f"#/channels/{name}": channel["address"] for name, channel in DOCUMENT["channels"].items()}
    operations = [(one["action"], channels[one["channel"]["$ref"]]) for one in DOCUMENT["operations"].values()]
    assert sorted(operations) == sorted(
        [
            ("receive", f"{DISPATCH_SUBJECT}.{{operator_id}}"),
            ("receive", CONFIG_CHANGED),
            *[("send", subject) for subject in (DLR_INBOUND, MO_INBOUND, DEAD_DISPATCH, OPERATOR_HEALTH)],
        ]
    )
    assert sorted(EVENT_SUBJECTS) == sorted(subject for action, subject in operations if action == "send")


@pytest.mark.parametrize("stream", [DISPATCH_STREAM, EVENTS_STREAM])
def test_a_stream_is_described_as_the_service_makes_it(stream: str) -> None:
    described = [channel["x-jetstream"] for channel in DOCUMENT["channels"].values() if "x-jetstream" in channel]
    config = STREAMS[stream]
    expected = {
        "stream": stream,
        "subjects": config.subjects,
        "retention": config.retention.value if config.retention else None,
        "max_age_s": config.max_age,
        "duplicate_window_s": config.duplicate_window,
    }
    of_stream = [one for one in described if one["stream"] == stream]
    assert of_stream == [{name: value for name, value in expected.items() if value is not None}] * len(of_stream)
    assert of_stream


def test_every_payload_is_a_schema_that_ships_with_it() -> None:
    messages = DOCUMENT["components"]["messages"].values()
    payloads = {message["payload"]["$ref"] for message in messages if "payload" in message}
    of_the_other_document = {"./credentials.json", "./operator_config.json"}
    assert payloads == {f"./{name}.json" for name in schema_names()} - of_the_other_document


@pytest.mark.parametrize(
    ("headers", "complaint"),
    [
        ({"Nats-Msg-Id": "alpha.m-1.final"}, []),
        ({"Nats-Msg-Id": "x", "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, []),
        ({}, ["$: 'Nats-Msg-Id' is a required property"]),
    ],
)
def test_an_event_has_the_number_that_drops_its_repeats(headers: dict[str, str], complaint: list[str]) -> None:
    assert complaints(validator_at("asyncapi", "/components/schemas/eventHeaders"), headers) == complaint


def test_every_reference_leads_somewhere() -> None:
    inner = [reference for reference in references(DOCUMENT) if reference.startswith("#")]
    assert [reference for reference in inner if target(reference) is None] == []


def references(part: Any) -> Iterator[str]:
    """Values of $ref below a part of the document."""
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "$ref")
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from references(inner)


def target(reference: str) -> Any:
    """What an inner reference leads to, None where there is nothing."""
    part: Any = DOCUMENT
    for key in reference.removeprefix("#/").split("/"):
        part = part.get(key) if isinstance(part, dict) else None
    return part
