"""A search that finds nothing would prove anything: here it has to find."""

import base64
import json
from urllib.parse import quote

import pytest
from leak_search import Finding, forms_of, search

from smpp.gsm7 import pack

SECRET = "Qz7pX9wk"
MARKS = {"password": SECRET}


def found(content: bytes) -> bool:
    return bool(search({"log": content}, MARKS))


@pytest.mark.parametrize(
    "content",
    [
        SECRET.encode(),
        f"password={SECRET};".encode(),
        SECRET.encode("utf-16-be"),
        b"\0" + SECRET.encode("utf-16-le") + b"\0",
        SECRET.encode().hex().encode(),
        SECRET.encode("utf-16-be").hex().upper().encode(),
        json.dumps({"x": SECRET}).encode(),
        b'{"x":"\\u0051\\u007a\\u0037\\u0070\\u0058\\u0039\\u0077\\u006b"}',
        b"%51%7A%37%70%58%39%77%6B",
    ],
)
def test_a_planted_value_is_found_in_every_form(content: bytes):
    assert found(b"some line\n" + content + b"\nanother line")


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_a_value_inside_of_something_in_base64_is_found(before: str):
    content = f"{before}{SECRET} and more".encode()

    assert found(base64.b64encode(content))
    assert found(base64.urlsafe_b64encode(content))
    assert found(base64.b64encode(f"{before}{SECRET} and more".encode("utf-16-be")))


@pytest.mark.parametrize("before", ["a" * count for count in range(9)])
def test_a_value_inside_of_a_packed_text_is_found(before: str):
    packed = pack(f"{before}{SECRET}, yes".encode())  # letters and digits are the same septets in both

    assert found(packed)
    assert found(packed.hex().encode())


@pytest.mark.parametrize("text", ["Жираф в порту", 'a "quoted" <b>', "Übergabe & Rückgabe"])
def test_a_text_that_has_to_be_escaped_is_found_escaped(text: str):
    marks = {"text": text}

    for content in (json.dumps(text), json.dumps(text, ensure_ascii=False), quote(text), repr(text.encode())):
        assert search({"log": content.encode()}, marks)


def test_a_finding_says_where_and_not_what():
    assert search({"log": b"nothing", "table": SECRET.encode()}, MARKS) == [Finding("table", "password", "UTF-8")]
    assert SECRET not in repr(search({"log": SECRET.encode()}, MARKS))


def test_what_only_looks_alike_is_not_found():
    assert search({"log": b"Qz7pX9w qz7pX9wk Qz7pX9w k", "none": b""}, MARKS) == []


def test_a_value_too_short_to_be_told_from_chance_is_refused():
    with pytest.raises(ValueError, match="5 characters"):
        forms_of("12345")
