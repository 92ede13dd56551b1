"""A TLS listener that tells a refused client why, in an alert, which asyncio's and so the simulator's does not."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, TCPServer
from threading import Thread
from typing import Any

from sandbox.process import LOOPBACK
from sandbox.smsc.tls import TlsFiles

HANDSHAKE_S = 5.0


class TlsGate(TCPServer):
    """Lets in whom these files let in, and then closes; `let_in` counts them."""

    def __init__(self, tls: TlsFiles) -> None:
        super().__init__((LOOPBACK, 0), BaseRequestHandler)
        self._context = tls.context()
        self.port: int = self.server_address[1]
        self.let_in = 0

    def get_request(self) -> tuple[socket.socket, Any]:
        """The server's loop passes over an OSError, which a failed handshake is."""
        link, address = super().get_request()
        link.settimeout(HANDSHAKE_S)
        with link.dup() as kept:
            try:
                secured = self._context.wrap_socket(link, server_side=True)
            except OSError:
                _read_to_the_end(kept)
                raise
        self.let_in += 1
        return secured, address


def _read_to_the_end(link: socket.socket) -> None:
    """What is not read when a socket is closed makes a reset of the close, which can overtake the alert."""
    link.settimeout(HANDSHAKE_S)
    while link.recv(4096):
        pass


@contextmanager
def running_gate(tls: TlsFiles) -> Iterator[TlsGate]:
    """In a thread of its own."""
    with TlsGate(tls) as gate:
        thread = Thread(target=gate.serve_forever, name="TLS gate")
        thread.start()
        try:
            yield gate
        finally:
            gate.shutdown()
            thread.join()
