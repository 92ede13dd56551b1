"""A collector for traces that takes everything and keeps nothing, and the traceparents of the load."""

from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

from sandbox.process import LOOPBACK

JOIN_S = 5.0


class TraceSink(AbstractContextManager["TraceSink"]):
    """In a thread of the load generator."""

    def __init__(self) -> None:
        self._server = _Server((LOOPBACK, 0), _Handler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(JOIN_S)

    @property
    def settings(self) -> dict[str, str]:
        """With which a connector sends its spans here."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{LOOPBACK}:{self._server.server_port}"}


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_request: object) -> None:
        """A connector that ends while it sends is nothing to tell of."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nobody reads it."""


def traceparent(number: int, sampled_percent: int) -> str:
    """Of message `number`, as its publisher gives it."""
    is_sampled = number % 100 < sampled_percent
    return f"00-{number + 1:032x}-{number + 1:016x}-{is_sampled:02x}"
