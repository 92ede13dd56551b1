"""Where Pact's verifier asks for messages: one POST with the description of an interaction, answered with its message.

pact-python has such a server inside, which leaves its socket open; warnings are errors here.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

from confirming_nats import Published

JSON = "application/json"

Messages = Mapping[str, Callable[[], Published]]


@contextmanager
def relaying(messages: Messages) -> Iterator[int]:
    """The port of such a server, which runs within."""
    handler = type("Handler", (_Handler,), {"messages": messages})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    messages: ClassVar[Messages]

    def do_POST(self) -> None:
        asked_for = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message = self.messages[asked_for["description"]]()
        metadata = {"contentType": JSON, "subject": message.subject, **message.headers}
        self.send_response(200)
        self.send_header("Content-Type", JSON)
        self.send_header("Pact-Message-Metadata", base64.b64encode(json.dumps(metadata).encode()).decode())
        self.send_header("Content-Length", str(len(message.payload)))
        self.end_headers()
        self.wfile.write(message.payload)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""
