"""Text and JSON from and to an HTTP server on this machine."""

import http.client
import json
from typing import Any

from sandbox.process import LOOPBACK

TIMEOUT_S = 10.0


def get_json(port: int, path: str) -> Any:
    """The answer to a GET; OSError or http.client.HTTPException when there is none, ValueError for another status."""
    return json.loads(get_text(port, path))


def get_text(port: int, path: str) -> str:
    """The same as it came."""
    return _ask(port, "GET", path)


def post_json(port: int, path: str, body: object) -> Any:
    """The answer to a POST; raises as get_json."""
    return json.loads(_ask(port, "POST", path, json.dumps(body)))


def _ask(port: int, method: str, path: str, body: str | None = None) -> str:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_S)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise ValueError(f"{path}: {response.status} {response.reason}")
        return response.read().decode()
    finally:
        connection.close()
