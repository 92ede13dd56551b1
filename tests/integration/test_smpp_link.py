"""The TCP connection of a session, as it is set up."""

import asyncio
import socket

import uvloop

from actors.session.link import SmppLink, open_link
from config.operators import Endpoint
from smpp.esme import EsmeConnection

CONNECT_S = 5.0
EXPECTED = {
    (socket.IPPROTO_TCP, socket.TCP_NODELAY): 1,
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT): 20_000,  # ms
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE): 1,
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE): 15,  # s
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL): 5,  # s
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT): 3,
}


class OpenedLink(SmppLink):
    """Shows its socket."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.socket: socket.socket = transport.get_extra_info("socket")


def new_link() -> OpenedLink:
    connection = EsmeConnection(window=1, response_s=1, enquire_link_s=1)
    return OpenedLink(connection, lambda link, events: None, lambda link, reason: None)


async def options_of_a_link(port: int) -> dict[tuple[int, int], int]:
    link = await open_link(Endpoint(host="127.0.0.1", port=port), None, new_link, CONNECT_S)
    assert isinstance(link, OpenedLink)
    found = {option: link.socket.getsockopt(*option) for option in EXPECTED}
    link.abort("seen")
    await link.closed.wait()
    return found


def test_the_kernel_sends_at_once_and_watches_a_link_in_both_directions() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        assert loop.run(options_of_a_link(listener.getsockname()[1])) == EXPECTED
