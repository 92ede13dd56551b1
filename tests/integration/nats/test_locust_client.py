"""The load's own NATS client with a real server: logins, TLS, confirmed publishes, and events through a restart."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from socket import create_server, socket
from threading import Thread

import gevent
import nats
import pytest

from loadtest.locusts.connection import Connection, Login, NatsError, Server, servers_of
from loadtest.locusts.jetstream import EventFeed, Publisher
from sandbox.authority import Authority
from sandbox.nats import NatsServer
from sandbox.process import LOOPBACK
from sandbox.tls import Identity

EVENTS, SUBJECT = "SMS_EVENTS", "sms.dlr.inbound"
SEEN_S = 20.0


class Client:
    """A connection, a publisher and a feed, and what they have said."""

    def __init__(self, server: NatsServer) -> None:
        self.stored: set[int] = set()
        self.refused: dict[int, str] = {}
        self.events: list[bytes] = []
        self.connection = Connection(Login(servers_of(server.url), server.seed_file), "test")
        self.connection.open()
        self.publisher = Publisher(self.connection, self.stored.add, self.refused.__setitem__)
        self.feed = EventFeed(self.connection, EVENTS, SUBJECT, self.events.append)

    def publish(self, numbers: range, subject: str = SUBJECT) -> None:
        for number in numbers:
            self.publisher.publish(number, subject.encode(), b"%d" % number)

    def wait_for_events(self, count: int) -> None:
        with gevent.Timeout(SEEN_S, AssertionError(f"not {count} events within {SEEN_S:g} s")):
            while len(self.events) < count:
                gevent.sleep(0.01)

    def close(self) -> None:
        self.feed.close()
        self.publisher.close()
        self.connection.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as running:
        asyncio.run(make_stream(running))
        yield running


@pytest.fixture
def client(server: NatsServer) -> Iterator[Client]:
    connected = Client(server)
    connected.feed.start()
    yield connected
    connected.close()


async def make_stream(server: NatsServer) -> None:
    client = await nats.connect(server.url, nkeys_seed=str(server.seed_file))
    await client.jetstream().add_stream(name=EVENTS, subjects=[SUBJECT])
    await client.close()


def test_every_publish_is_confirmed_and_every_event_comes_once_and_in_order(client: Client) -> None:
    client.publish(range(2500))
    client.wait_for_events(2500)
    assert client.events == [b"%d" % number for number in range(2500)]
    assert (len(client.stored), client.refused) == (2500, {})


def test_no_event_is_left_out_or_seen_twice_when_the_server_restarts(client: Client, server: NatsServer) -> None:
    client.publish(range(100))
    client.wait_for_events(100)
    server.stop()
    server.start()
    with gevent.Timeout(SEEN_S, AssertionError("no new connection")):
        while client.connection.connections < 2:
            gevent.sleep(0.01)
    client.publish(range(100, 200))
    client.wait_for_events(200)
    assert client.events == [b"%d" % number for number in range(200)]


def test_a_publish_that_no_stream_takes_is_refused(client: Client) -> None:
    client.publish(range(1), subject="sms.dispatch.nobody")
    with gevent.Timeout(SEEN_S, AssertionError("no answer")):
        while not client.refused:
            gevent.sleep(0.01)
    assert client.refused == {0: "status 503: no stream takes it"}


def test_a_stream_that_is_not_there_cannot_be_read(server: NatsServer) -> None:
    client = Client(server)
    client.feed = EventFeed(client.connection, "NOTHING", SUBJECT, client.events.append)
    with pytest.raises(NatsError, match="no consumer of NOTHING: stream not found"):
        client.feed.start()
    client.close()


def test_a_login_that_is_refused_is_told_in_the_words_of_the_server(server: NatsServer, tmp_path: Path) -> None:
    with NatsServer(tmp_path / "another") as another:
        stranger = Login(servers_of(server.url), another.seed_file)
        with pytest.raises(NatsError, match="Authorization Violation"):
            Connection(stranger, "test").open()


def test_a_file_without_a_seed_is_named(server: NatsServer, tmp_path: Path) -> None:
    (tmp_path / "empty.nk").write_text("")
    with pytest.raises(NatsError, match=r"empty\.nk holds no NKey seed"):
        Connection(Login(servers_of(server.url), tmp_path / "empty.nk"), "test").open()


def test_the_handshake_goes_on_in_tls_when_the_server_asks_for_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tls")
    heard: list[bytes] = []
    with create_server((LOOPBACK, 0)) as listener:
        identity = authority.issue_server("nats")
        serving = Thread(target=serve_tls, args=(listener, identity, heard))
        serving.start()
        servers = [Server(LOOPBACK, listener.getsockname()[1], tls=False)]
        connection = Connection(Login(servers, ca_file=identity.ca_file), "test")
        connection.open()
        connection.close()
        serving.join(SEEN_S)
    (introduction,) = heard
    assert introduction.startswith(b"CONNECT {")
    assert introduction.endswith(b"PING\r\n")


def serve_tls(listener: socket, identity: Identity, heard: list[bytes]) -> None:
    """A server that begins in the clear, as NATS does, and lets anyone in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.cert_file, identity.key_file)
    link, _ = listener.accept()
    link.sendall(b'INFO {"tls_required": true}\r\n')
    with context.wrap_socket(link, server_side=True) as encrypted:
        heard.append(encrypted.recv(4096))
        encrypted.sendall(b"PONG\r\n")
        encrypted.recv(4096)


@pytest.mark.parametrize(
    ("urls", "servers"),
    [
        ("nats://a:1,tls://b", [Server("a", 1, False), Server("b", 4222, True)]),
        ("c", [Server("c", 4222, False)]),
        ("nats://[::1]:5", [Server("::1", 5, False)]),
    ],
)
def test_servers_are_named_by_urls(urls: str, servers: list[Server]) -> None:
    assert servers_of(urls) == servers


@pytest.mark.parametrize("url", ["http://a", "nats://", "nats://a:port", ""])
def test_what_is_no_url_of_nats_is_refused(url: str) -> None:
    with pytest.raises(NatsError, match="not a NATS URL"):
        servers_of(url)
