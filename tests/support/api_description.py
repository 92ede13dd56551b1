"""An OpenAPI document as a judge of requests and answers that were really exchanged."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from shipped_documents import complaints, validator_at, yaml_document

PARAMETER = re.compile(r"\{(\w+)\}")
HEADERS_OF_EVERY_CLIENT = {"Host", "Accept", "Accept-Encoding", "User-Agent"}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. Header names are compared as they are written in the document."""

    method: str
    path: str
    request_headers: dict[str, str]
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class ApiDescription:
    """By `openapi.yaml`."""

    def __init__(self) -> None:
        self._paths: dict[str, Any] = yaml_document("openapi")["paths"]

    def complaints(self, exchange: Exchange) -> list[str]:
        """What the document does not allow; nothing where all is as it says."""
        template = next((one for one in self._paths if _pattern(one).fullmatch(exchange.path)), None)
        operation = self._paths.get(template, {}).get(exchange.method.lower())
        if template is None or operation is None:
            return [f"{exchange.method} {exchange.path} is not in the document"]
        place = f"/paths/{_escaped(template)}/{exchange.method.lower()}"
        return [*_of_request(exchange, template, operation, place), *_of_answer(exchange, operation, place)]


def _of_request(exchange: Exchange, template: str, operation: dict[str, Any], place: str) -> list[str]:
    in_path = _pattern(template).fullmatch(exchange.path)
    given = (in_path.groupdict() if in_path else {}) | exchange.request_headers
    parameters = operation["parameters"]
    unknown = exchange.request_headers.keys() - {one["name"] for one in parameters} - HEADERS_OF_EVERY_CLIENT
    problems = [f"request header {name} is not in the document" for name in sorted(unknown)]
    for index, parameter in enumerate(parameters):
        if parameter["name"] in given:
            schema = validator_at("openapi", f"{place}/parameters/{index}/schema")
            problems += complaints(schema, given[parameter["name"]])
        elif parameter.get("required"):
            problems.append(f"{parameter['name']} is missing")
    return problems


def _of_answer(exchange: Exchange, operation: dict[str, Any], place: str) -> list[str]:
    responses = operation["responses"]
    key = next((key for key in (str(exchange.status), f"{exchange.status // 100}XX") if key in responses), None)
    if key is None:
        return [f"status {exchange.status} is not in the document"]
    place = f"{place}/responses/{key}"
    problems = []
    for name in responses[key].get("headers", {}):
        if name not in exchange.headers:
            problems.append(f"header {name} is missing")
        else:
            problems += complaints(validator_at("openapi", f"{place}/headers/{name}/schema"), exchange.headers[name])
    return problems + _of_body(exchange, responses[key].get("content", {}), place)


def _of_body(exchange: Exchange, content: dict[str, Any], place: str) -> list[str]:
    if not content:
        return ["a body where none is"] if exchange.body else []
    kind = exchange.headers.get("Content-Type", "").partition(";")[0]
    if kind not in content:
        return [f"content of type {kind or 'nothing'} is not in the document"]
    schema = validator_at("openapi", f"{place}/content/{_escaped(kind)}/schema")
    return complaints(schema, json.loads(exchange.body))


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(PARAMETER.sub(r"(?P<\1>[^/]+)", template))


def _escaped(key: str) -> str:
    """As part of a JSON pointer in a URI."""
    return key.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
