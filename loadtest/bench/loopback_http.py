"""JSON from an HTTP server on this machine."""

import http.client
import json
from typing import Any

from sandbox.process import LOOPBACK

TIMEOUT_S = 10.0


def get_json(port: int, path: str) -> Any:
    """The answer to a GET; OSError or http.client.HTTPException when there is none, ValueError for another status."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise ValueError(f"{path}: {response.status} {response.reason}")
        return json.load(response)
    finally:
        connection.close()
