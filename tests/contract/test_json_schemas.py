"""The JSON Schemas: as the code has them, every field explained, and of one mind with the service about dispatches."""

import json
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from shipped_documents import complaints, schema, schema_names, validator

from config.operators import OperatorConfig
from core.preparation import Preparer
from core.reading import Unprocessable, read_dispatch
from messages.schemas.generation import FOLDER, documents

OPERATOR = OperatorConfig(operator_id="alpha", endpoints=())
DISPATCH: dict[str, Any] = {"message_id": "m-1", "operator_id": "alpha", "to": "+491512345678", "from": "Bank"}
TEXT = DISPATCH | {"text": "Hello"}
BINARY = DISPATCH | {"encoding": "binary", "data": "AAH/"}

ACCEPTED: dict[str, dict[str, Any]] = {
    "a text": TEXT,
    "an empty text": DISPATCH | {"text": ""},
    "a number as its sender": TEXT | {"from": "+491700000000"},
    "binary data": BINARY,
    "binary data beside an empty text": BINARY | {"text": ""},
    "a field nobody knows": TEXT | {"colour": "red"},
    "every field": TEXT
    | {
        "encoding": "ucs2",
        "priority": 3,
        "validity_s": 3600,
        "expires_at": "2099-01-01T00:00:00+02:00",
        "request_dlr": False,
        "flash": True,
        "protocol_id": 65,
        "tlvs": {"0x1400": "00ff", "1401": ""},
        "metadata": {"campaign": "spring"},
    },
    "null where there may be nothing": TEXT | {"data": None, "validity_s": None, "expires_at": None},
}

REFUSED: dict[str, dict[str, Any]] = {
    "no text": DISPATCH,
    "null for a text": DISPATCH | {"text": None},
    "no sender": {name: value for name, value in TEXT.items() if name != "from"},
    "an empty message_id": TEXT | {"message_id": ""},
    "a message_id of 65 characters": TEXT | {"message_id": "x" * 65},
    "a message_id that ends its line": TEXT | {"message_id": "m\n"},
    "letters in a number": TEXT | {"to": "49151x"},
    "a sender of 12 letters": TEXT | {"from": "TwelveLetter"},
    "data without binary": TEXT | {"data": "AAH/"},
    "binary without data": DISPATCH | {"encoding": "binary"},
    "binary data and a text": BINARY | {"text": "Hello"},
    "an encoding nobody knows": TEXT | {"encoding": "utf-8"},
    "a priority of 4": TEXT | {"priority": 4},
    "a validity of nothing": TEXT | {"validity_s": 0},
    "an expiry without an offset": TEXT | {"expires_at": "2099-01-01T00:00:00"},
    "a tag that is no number": TEXT | {"tlvs": {"vendor": "00"}},
    "half an octet": TEXT | {"tlvs": {"0x1400": "0"}},
    "a number in the metadata": TEXT | {"metadata": {"attempt": 1}},
}


def test_the_files_are_those_of_the_code() -> None:
    on_disk = {file.name: file.read_text() for file in FOLDER.glob("*.json")}
    assert on_disk == documents(), "run `make schemas`, and look at what has changed: consumers rely on it"


def test_an_installation_carries_every_document() -> None:
    setup = ConfigParser()
    setup.read(Path(__file__).parents[2] / "setup.cfg")
    carried = setup["options.package_data"]["messages.schemas"].split(", ")
    files = [file.name for file in FOLDER.iterdir() if file.is_file() and file.suffix != ".py"]
    assert [name for name in files if not any(fnmatch(name, pattern) for pattern in carried)] == []


@pytest.mark.parametrize("name", schema_names())
def test_a_schema_is_one_of_its_draft(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("name", schema_names())
def test_a_field_is_explained_by_its_own_words_or_by_those_of_its_fields(name: str) -> None:
    whole = schema(name)
    structs = [whole, *[struct for struct in whole.get("$defs", {}).values() if "properties" in struct]]
    fields = [
        (struct["title"], field, content) for struct in structs for field, content in struct["properties"].items()
    ]
    titles = {struct["title"] for struct in structs}
    silent = [
        f"{title}.{field}"
        for title, field, content in fields
        if "description" not in content and content.get("$ref", "").rpartition("/")[2] not in titles
    ]
    assert silent == []


@pytest.mark.parametrize("name", schema_names())
def test_a_field_that_nobody_knows_is_no_mistake(name: str) -> None:
    assert "additionalProperties" not in schema(name)


@pytest.mark.parametrize("message", ACCEPTED.values(), ids=list(ACCEPTED))
def test_a_dispatch_that_is_sent_is_valid(message: dict[str, Any]) -> None:
    assert (complaints(validator("dispatch"), message), is_sent(message)) == ([], True)


@pytest.mark.parametrize("message", REFUSED.values(), ids=list(REFUSED))
def test_a_dispatch_that_is_refused_is_not_valid(message: dict[str, Any]) -> None:
    assert (validator("dispatch").is_valid(message), is_sent(message)) == (False, False)


def is_sent(message: dict[str, Any]) -> bool:
    """Whether the service makes a submit_sm of it."""
    try:
        Preparer(OPERATOR).prepare(read_dispatch(json.dumps(message).encode(), "alpha"), 0.0).bodies(1)
    except Unprocessable:
        return False
    return True
